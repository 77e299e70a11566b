import * as csstree from "css-tree";

export default () => {
  const ast = csstree.parse(".a > b:not([x='1']) { color: rgb(1 2 3 / 50%); width: 12qq }");
  const dimensions = [];
  csstree.walk(ast, (node) => void (node.type === "Dimension" && dimensions.push(node.unit)));
  const checked = csstree.lexer.matchProperty("width", "12qq");
  return [csstree.generate(ast), dimensions, checked.error?.name, csstree.lexer.matchProperty("color", "red").matched !== null];
};
