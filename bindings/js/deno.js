// Deno: the import is a compiled module. It needs no permission, as reading the file would.

import source module from "./dist/index_bg.wasm";

import { createVerifier } from "./verifier.js";

export { CideryError } from "./error.js";

export const verifier = () => createVerifier(() => module);

export const ready = async () => verifier();
