import { minify } from "terser";

export default async () => {
  const { code, map } = await minify({ "a.js": "function add(first, second) { if (false) { unused(); } return first + second; }\nconsole.log(add(1, 2) === 3 ? `${'yes'}` : 'no');" }, { toplevel: true, compress: { passes: 2 }, sourceMap: { url: "a.js.map" } });
  const error = await minify("let x = ;").catch(({ name, message, line, col }) => [name, message, line, col]);
  return { code, sources: JSON.parse(map).sources, error };
};
