// Bun: as in Node. Imported like this, the file is also in what `bun build` makes.

import { readFileSync } from "node:fs";

import file from "./dist/index_bg.wasm" with { type: "file" };

import { createVerifier } from "./verifier.js";

export { CideryError } from "./error.js";

export const verifier = () => createVerifier(() => new WebAssembly.Module(readFileSync(file)));

export const ready = async () => verifier();
