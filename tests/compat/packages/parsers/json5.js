import JSON5 from "json5";

export default () => {
  const value = JSON5.parse("{ // comment\n unquoted: 'single', hex: 0xDECAF, half: .5, plus: +1, list: [1, 2,], inf: Infinity, line: 'a\\\nb' }", (key, value) => (key === "plus" ? value + 1 : value));
  let error;
  try { JSON5.parse("{a:}"); } catch ({ message }) { error = message; }
  return [{ ...value, inf: String(value.inf) }, JSON5.stringify({ "a-b": 1, c: ["x"] }, null, 1), error];
};
