import postcss from "postcss";

export default async () => {
  const upper = { postcssPlugin: "upper", Declaration(declaration) { declaration.value = declaration.value.replace("red", "RED"); } };
  const { css, map } = await postcss([upper]).process("a{color:red;&:hover{top:calc(1px + 2px)}}\n@media print{b{margin:0}}", { from: "a.css", map: { inline: false } });
  const names = [];
  postcss.parse(css).walkRules(({ selector }) => names.push(selector));
  return { css, names, sources: map.toJSON().sources, mappings: map.toJSON().mappings };
};
