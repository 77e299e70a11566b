// Runs one program in Node, and sends its value, as JSON, to the process that started this one.

import { argv, exit } from "node:process";
import { pathToFileURL } from "node:url";

const { default: program } = await import(pathToFileURL(argv[2]).href);
process.send?.(JSON.stringify((await program()) ?? null), () => exit(0));
