// Node, Deno and Bun: questions on standard input, answers on standard output.

import process from "node:process";

import { failure, report } from "./report.js";

let text = "";
for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk;
console.log(JSON.stringify(text === "" ? await failure() : await report(JSON.parse(text))));
