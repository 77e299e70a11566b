// The vectors, judged by the verifier as wasm: in workerd, where it decides what runs, and in Node.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CideryError, verifier } from "@cidery/verifier";

import { startWorker } from "../support/worker.js";
import { judge } from "./judge.js";
import { vector, vectors } from "./vectors.js";

test("every vector is judged in workerd as it says", async () => {
  await using worker = await startWorker("tests/conformance/fixtures/wrangler.jsonc");
  for (const vector of await vectors()) {
    const answer = await fetch(worker.url, { method: "POST", body: JSON.stringify(vector) });
    assert.equal(answer.status, 200, `${vector.name}: ${await answer.clone().text()}`);
    assert.deepEqual(await answer.json(), vector.expect, vector.name);
  }
});

test("every vector is judged in Node as it says", async () => {
  for (const vector of await vectors()) {
    assert.deepEqual(judge(verifier(), CideryError, vector), vector.expect, vector.name);
  }
});

test("a refusal has a code, and a message with its causes", async () => {
  const altered = await vector("T13_manifest_altered");
  assert.throws(() => verdictOf(altered), (error) => {
    assert(error instanceof CideryError);
    assert.equal(error.code, "cid.mismatch");
    assert.match(error.message, /^the manifest was refused: the bytes hash to bafyr4i\w+, wanted bafyr4i\w+$/);
    return true;
  });
});

test("chunks are checked as they come, and too many at once", async () => {
  const accepted = await vector("ok_range");
  const verdict = verdictOf(accepted);
  const bytes = Buffer.from(accepted.modules[0].bytes, "base64");
  const check = verdict.check("index.js");
  for (const byte of bytes) check.update(Uint8Array.of(byte));
  check.finish();
  const overlong = verdict.check("index.js");
  overlong.update(bytes);
  assert.throws(() => overlong.update(Uint8Array.of(0)), { code: "module.size" });
  assert.throws(() => verdict.check("other.js"), { code: "usage" });
});

test("T28: an isolate is shared by nobody with another tenant, environment or override", async () => {
  const verdict = verdictOf(await vector("ok_range"));
  const ids = [
    {},
    { tenant: "a" },
    { tenant: "b" },
    { tenant: "a", envKey: "1" },
    { tenant: "a", envKey: "2" },
    { envKey: "a" },
    { overrides: ["a"] },
    { overrides: ["a"], tenant: "a" },
  ].map((of) => verdict.isolateId(of));
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[a-z2-7]{52}$/);
});

/** @param {{ receipt: string, head: string, manifest: string }} of */
function bytesOf({ receipt, head, manifest }) {
  const decode = (/** @type {string} */ text) => new Uint8Array(Buffer.from(text, "base64"));
  return { receipt: decode(receipt), head: decode(head), manifest: decode(manifest) };
}

/**
 * The verdict over a vector's evidence, by a verifier that has seen nothing.
 * @param {Awaited<ReturnType<typeof vector>>} of
 */
const verdictOf = ({ policy, request, now, ...rest }) =>
  verifier().verify(verifier().parsePolicy(policy), request, bytesOf(rest), verifier().rememberNothing(), now);

test("a defect is `internal`, and the next call works", async () => {
  const { policy, request, now, ...rest } = await vector("ok_range");
  const { receipt, head, manifest } = bytesOf(rest);
  const trusted = verifier().parsePolicy(policy);
  const seen = verifier().rememberNothing();
  const parts = { receipt, head, manifest };
  const other = /** @type {any} */ ({ handle: {} });
  assert.throws(() => verifier().verify(other, request, parts, seen, now), { name: "CideryError", code: "internal" });
  const check = verifier().verify(trusted, request, parts, seen, now).check("index.js");
  assert.throws(() => check.finish(), { code: "module.size" });
  assert.throws(() => check.finish(), { code: "internal" }, "it is used up");
  assert.equal(verifier().verify(trusted, request, parts, seen, now).version, "1.2.0");
});
