import { init, parse } from "es-module-lexer";

export default async () => {
  await init;
  const [imports, exports, facade, hasModuleSyntax] = parse("import { a } from './a.js'; import('./b.js'); export const c = import.meta.url, d = 1; export { a as default };");
  return [imports, exports, facade, hasModuleSyntax];
};
