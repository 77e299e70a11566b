import { parse, stringify, uneval } from "devalue";

export default () => {
  const value = { when: new Date(0), list: [1, , -0], big: 1n, set: new Set(["a"]) };
  value.self = value;
  const back = parse(stringify(value));
  return [stringify(value), uneval({ a: "</script>", m: new Map([[1, 2]]) }), back.self === back, Object.is(back.list[2], -0), 1 in back.list];
};
