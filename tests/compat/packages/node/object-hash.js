import hash from "object-hash";

export default () => [
  hash({ b: [1, { c: new Date(0) }], a: undefined }),
  hash({ a: undefined, b: [1, { c: new Date(0) }] }, { algorithm: "md5", encoding: "base64" }),
  hash(new Map([["k", new Set([2, 1])]]), { unorderedSets: true }),
  hash.keys({ x: 1, y: 2 }) === hash.keys({ x: 3, y: 4 }),
  hash([1, 2], { unorderedArrays: true }) === hash([2, 1], { unorderedArrays: true }),
];
