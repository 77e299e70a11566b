import ts from "typescript";

export default () => {
  const source = "enum Size { S = 1, L } interface A { x?: number } export const f = (a: A): Size => a?.x ? Size.S : Size.L;";
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2019 } });
  const kinds = [];
  ts.forEachChild(ts.createSourceFile("a.ts", source, ts.ScriptTarget.Latest), (node) => void kinds.push(ts.SyntaxKind[node.kind]));
  return { outputText, kinds };
};
