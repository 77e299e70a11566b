import { chunk, cloneDeep, countBy, omit, retry, snakeCase, windowed } from "es-toolkit";

export default async () => {
  let tries = 0;
  const answer = await retry(async () => {
    if (++tries < 3) throw new Error("not yet");
    return "third time";
  }, 5);
  const original = { at: new Date(0), map: new Map([["k", [1]]]) };
  const copy = cloneDeep(original);
  return { answer, tries, same: copy.map === original.map, at: copy.at, counts: countBy(["a", "b", "a"], (x) => x), rest: omit({ a: 1, b: 2 }, ["a"]), chunk: chunk([1, 2, 3], 2), snake: snakeCase("fooBar"), windowed: windowed([1, 2, 3], 2) };
};
