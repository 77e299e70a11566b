// Workers: an import of a `.wasm` file is a compiled module.

import module from "./dist/index_bg.wasm";

import { createVerifier } from "./verifier.js";

export { CideryError } from "./error.js";

export const verifier = () => createVerifier(() => module);

export const ready = async () => verifier();
