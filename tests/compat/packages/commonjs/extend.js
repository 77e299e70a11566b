import extend from "extend";

export default () => {
  const target = { a: { b: 1, list: [1, 2] }, keep: true };
  return [extend(true, target, { a: { c: 2, list: [9] }, at: undefined }), target.a.b, extend({}, null, { x: 1 }, { x: 2 }), JSON.stringify(extend(true, {}, JSON.parse('{"__proto__": {"p": 1}}')))];
};
