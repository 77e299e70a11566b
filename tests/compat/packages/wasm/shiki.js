import { createHighlighterCore } from "shiki/core";
import { createOnigurumaEngine } from "shiki/engine/oniguruma";
import typescript from "shiki/langs/typescript.mjs";
import nord from "shiki/themes/nord.mjs";

export default async () => {
  const highlighter = await createHighlighterCore({ themes: [nord], langs: [typescript], engine: createOnigurumaEngine(import("shiki/wasm")) });
  const { tokens } = highlighter.codeToTokens("type A = { b?: string }", { lang: "ts", theme: "nord" });
  return [highlighter.codeToHtml("const x: number = 1; // <c>", { lang: "ts", theme: "nord" }), tokens[0].map(({ content, color }) => [content, color])];
};
