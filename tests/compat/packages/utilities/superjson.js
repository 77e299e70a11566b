import superjson from "superjson";

export default () => {
  const value = { when: new Date(86_400_000), big: 2n ** 64n, set: new Set([1]), map: new Map([["k", /x/gi]]), nothing: undefined, nan: NaN };
  const { json, meta } = superjson.serialize(value);
  const back = superjson.parse(superjson.stringify(value));
  return { json, meta, back: [back.when.getTime(), String(back.big), [...back.set], String(back.map.get("k")), "nothing" in back, Number.isNaN(back.nan)] };
};
