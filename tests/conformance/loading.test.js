// The verifier where its WebAssembly cannot be loaded. A file, and so a process, of its own: elsewhere it is loaded already.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CideryError, verifier } from "@cidery/verifier";

/** What `verifier()` is made with; the package does not export it. */
const { createVerifier } = await import(new URL("verifier.js", import.meta.resolve("@cidery/verifier")).href);
/** Node's types know no such value. */
const { WebAssembly } = /** @type {any} */ (globalThis);

test("WebAssembly that cannot be loaded is an error of the environment that names its cause, and may be there later", () => {
  const missing = () => {
    throw new Error("no such file");
  };
  const other = () => new WebAssembly.Module(Buffer.from("not wasm"));
  for (const [module, cause] of /** @type {const} */ ([
    [missing, /^the verifier's WebAssembly cannot be loaded: no such file$/],
    [other, /^the verifier's WebAssembly cannot be loaded: .*expected magic word/],
  ])) {
    assert.throws(
      () => createVerifier(module),
      (error) => {
        assert(error instanceof CideryError);
        assert.equal(error.code, "environment");
        assert.match(error.message, cause);
        assert(error.cause instanceof Error);
        return true;
      },
    );
  }
  assert.equal(verifier().parseReference("@acme/hello@^1").package, "@acme/hello");
});
