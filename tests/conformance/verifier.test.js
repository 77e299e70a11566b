// What the verifier says in JavaScript beyond verdicts. tests/conformance/runtimes.test.js judges the vectors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CideryError, ready, verifier } from "@cidery/verifier";

import { fromBase64 } from "./programs/judge.js";
import { evidence } from "./vectors.js";

/** @typedef {import("./programs/judge.js").Evidence} Evidence */

/** @param {Evidence} of */
const bytesOf = ({ receipt, head, manifest }) => ({
  receipt: fromBase64(receipt),
  head: fromBase64(head),
  manifest: fromBase64(manifest),
});

/** The verdict over evidence, by a verifier that has seen nothing. @param {Evidence} of */
const verdictOf = (of) => {
  const { parsePolicy, rememberNothing, verify } = verifier();
  return verify(parsePolicy(of.policy), of.request, bytesOf(of), rememberNothing(), of.now);
};

test("a refusal has a code, and a message with its causes", async () => {
  const altered = await evidence("T13_manifest_altered");
  assert.throws(() => verdictOf(altered), (error) => {
    assert(error instanceof CideryError);
    assert.equal(error.code, "cid.mismatch");
    assert.match(error.message, /^the manifest was refused: the bytes hash to bafyr4i\w+, wanted bafyr4i\w+$/);
    return true;
  });
});

test("chunks are checked as they come, and too many at once", async () => {
  const accepted = await evidence("ok_range");
  const verdict = verdictOf(accepted);
  const bytes = fromBase64(accepted.modules[0].bytes);
  const check = verdict.check("index.js");
  for (const byte of bytes) check.update(Uint8Array.of(byte));
  check.finish();
  const overlong = verdict.check("index.js");
  overlong.update(bytes);
  assert.throws(() => overlong.update(Uint8Array.of(0)), { code: "module.size" });
});

test("T28: an isolate is shared by nobody with another tenant, environment or override", async () => {
  const verdict = verdictOf(await evidence("ok_range"));
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

test("a caller's mistake is `usage`, and takes nothing away", async () => {
  const of = await evidence("ok_range");
  const on = /** @type {any} */ (verifier());
  const verdict = /** @type {any} */ (verdictOf(of));
  const [policy, seen, { receipt, head, manifest }] = [on.parsePolicy(of.policy), on.rememberNothing(), bytesOf(of)];
  const circle = /** @type {any} */ ({});
  circle.circle = circle;
  for (const mistake of [
    () => on.parsePolicy(),
    () => on.parsePolicy(circle),
    () => on.parseReference(1),
    () => on.recall(),
    () => policy.originOf(),
    () => seen.sizeOf({}),
    () => on.verify({}, of.request, { receipt, head, manifest }, seen, of.now),
    () => on.verify(policy, undefined, { receipt, head, manifest }, seen, of.now),
    () => on.verify(policy, of.request, { receipt, head }, seen, of.now),
    () => on.verify(policy, of.request, { receipt: of.receipt, head, manifest }, seen, of.now),
    () => on.verify(policy, of.request, { receipt, head, manifest }, {}, of.now),
    () => on.verify(policy, of.request, { receipt, head, manifest }, seen),
    () => on.verify(policy, of.request, { receipt, head, manifest }, seen, new Date()),
    () => on.prove(policy, of.request, head.buffer, seen, of.now),
    () => on.verifySignature(new Uint8Array(32), "message", new Uint8Array(64)),
    () => verdict.check("other.js"),
    () => verdict.check(),
    () => verdict.checkModule("index.js", [1]),
    () => verdict.check("index.js").update(new DataView(new ArrayBuffer(1))),
    () => verdict.isolateId({ overrides: "a" }),
    () => verdict.isolateId({ overrides: [1] }),
    () => verdict.isolateId({ tenant: 1 }),
    () => verdict.isolateId({ tenant: "\ud800" }),
  ]) {
    assert.throws(mistake, { name: "CideryError", code: "usage" }, String(mistake));
  }
  assert.equal(verdict.isLost, false);
  assert.match(verdict.isolateId(), /^[a-z2-7]{52}$/);
});

test("a proof and a check are used up by their last call", async () => {
  const of = await evidence("ok_range");
  const check = verdictOf(of).check("index.js");
  assert.throws(() => check.finish(), { code: "module.size" });
  assert.throws(() => check.finish(), { code: "usage" });
  assert.throws(() => check.update(Uint8Array.of(1)), { code: "usage" });
});

test("`ready()` gives what `verifier()` gives", async () => {
  assert.equal(await ready(), verifier());
});
