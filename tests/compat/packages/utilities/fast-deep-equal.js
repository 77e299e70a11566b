import equal from "fast-deep-equal";
import equalEs6 from "fast-deep-equal/es6/index.js";

export default () => [
  equal({ a: [1, { b: NaN }], d: new Date(5) }, { d: new Date(5), a: [1, { b: NaN }] }),
  equal(/a/g, /a/i),
  equalEs6(new Map([["k", new Set([1, 2])]]), new Map([["k", new Set([1, 2])]])),
  equalEs6(new Map([["k", 1]]), new Map([["k", 2]])),
];
