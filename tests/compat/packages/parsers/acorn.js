import { parse, tokenizer } from "acorn";

export default () => {
  const { body } = parse("const f = async ({ a = 1 }, ...rest) => a ?? rest?.[0]; export default f;", { ecmaVersion: "latest", sourceType: "module" });
  return [body.map(({ type, start, end }) => [type, start, end]), body[0].declarations[0].init.params[0].properties[0].value, [...tokenizer("x **= /re/g", { ecmaVersion: 2022 })].map(({ type }) => type.label)];
};
