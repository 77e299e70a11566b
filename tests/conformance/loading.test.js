// The verifier where its WebAssembly cannot be loaded. A file, and so a process, of its own: elsewhere it is loaded already.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CideryError, ready, verifier } from "@cidery/verifier";

import { root } from "../support/worker.js";

const inside = (/** @type {string} */ file) => new URL(file, import.meta.resolve("@cidery/verifier")).href;
/** What the entries are made with; the package does not export it. */
const { createVerifier, loadVerifier, loadedVerifier } = await import(inside("verifier.js"));
const { VERSION } = await import(inside("dist/index.js"));
/** Node's types know no such value. */
const { WebAssembly } = /** @type {any} */ (globalThis);

const FAILURES = /** @type {const} */ ([
  ["no such file", () => assert.fail("no such file")],
  ["expected magic word", () => new WebAssembly.Module(Buffer.from("not wasm"))],
  ["is not a function", () => new WebAssembly.Module(readFileSync(`${root}/tests/support/fixtures/add.wasm`))],
]);

/** @param {string} cause */
const environment = (cause) => (/** @type {unknown} */ error) => {
  assert(error instanceof CideryError);
  assert.equal(error.code, "environment");
  assert.match(error.message, /^the verifier's WebAssembly cannot be loaded: /);
  assert(error.message.includes(cause), error.message);
  assert(error.cause instanceof Error);
  return true;
};

test("WebAssembly that cannot be loaded is an error of the environment each time, and may be there later", async () => {
  for (const [cause, compile] of [...FAILURES, ...FAILURES]) {
    assert.throws(() => createVerifier(compile), environment(cause));
    await assert.rejects(
      loadVerifier(async () => compile()),
      environment(cause),
    );
    assert.throws(loadedVerifier, { code: "environment", hint: "`await ready()` first" });
  }
  assert.equal(verifier().parseReference("@acme/hello@^1").package, "@acme/hello");
  assert.equal(await ready(), loadedVerifier());
  assert.equal(createVerifier(FAILURES[0][1]), verifier(), "it is loaded once");
});

test("the package and its WebAssembly are of one version", () => {
  assert.equal(VERSION, JSON.parse(readFileSync(new URL(inside("package.json")), "utf8")).version);
});
