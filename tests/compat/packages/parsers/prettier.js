import * as babel from "prettier/plugins/babel";
import * as estree from "prettier/plugins/estree";
import * as markdown from "prettier/plugins/markdown";
import * as postcss from "prettier/plugins/postcss";
import { format } from "prettier/standalone";

export default async () => [
  await format("const a={b:1,'c':[1,2,3].map(x=>x*2)}; if(a) foo( a ) ; else {bar()}", { parser: "babel", plugins: [babel, estree], semi: false }),
  await format("a{color:RED;b:c}", { parser: "css", plugins: [postcss] }),
  await format("* a\n* b\n\n| x | yy |\n|-|-|\n| 1 | 2 |", { parser: "markdown", plugins: [markdown] }),
];
