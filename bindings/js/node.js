// Node: the file is read and compiled at the first call.

import { readFileSync } from "node:fs";

import { createVerifier } from "./verifier.js";

export { CideryError } from "./error.js";

const file = new URL("./dist/index_bg.wasm", import.meta.url);

export const verifier = () => createVerifier(() => new WebAssembly.Module(readFileSync(file)));

export const ready = async () => verifier();
