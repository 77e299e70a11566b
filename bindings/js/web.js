// Browsers, and every runtime that has no entry of its own: the file is fetched from beside this one, which takes time.

import { loadVerifier, loadedVerifier } from "./verifier.js";

export { CideryError } from "./error.js";

const file = new URL("./dist/index_bg.wasm", import.meta.url);

export const verifier = loadedVerifier;

/** The load that is under way, for all who wait for it. */
let loading;

export function ready() {
  loading ??= loadVerifier(fetchModule).finally(() => {
    loading = undefined;
  });
  return loading;
}

async function fetchModule() {
  const response = await fetch(file);
  if (!response.ok) throw new Error(`${file} answers ${response.status}`);
  const isNamed = response.headers.get("content-type") === "application/wasm";
  return isNamed ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
