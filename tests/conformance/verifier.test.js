// What the verifier says in JavaScript beyond verdicts. tests/conformance/runtimes.test.js judges the vectors.

import assert from "node:assert/strict";
import { test } from "node:test";

import { CideryError, ready, verifier } from "@cidery/verifier";
import * as dagCbor from "@ipld/dag-cbor";
import { blake3 } from "@noble/hashes/blake3.js";

import { fromBase64 } from "./programs/judge.js";
import { evidence, history, packageEvidence } from "./vectors.js";

/** @typedef {import("./programs/judge.js").Evidence} Evidence */

/** @param {Evidence} of */
const bytesOf = ({ receipt, head, manifest }) => ({
  receipt: fromBase64(receipt),
  head: fromBase64(head),
  manifest: fromBase64(manifest),
});

/** @param {Evidence} of */
const resolutionOf = (of) => {
  const { receipt, head } = bytesOf(of);
  return dagCbor.encode({ format: "cidery-resolution-v1", receipt, head });
};

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
    () => on.verify(policy, of.request, undefined, seen, of.now),
    () => on.explain(policy, of.request, { receipt }, seen, of.now),
    () => on.explain(policy, of.request, { receipt, head, manifest: "" }, seen, of.now),
    () => on.bucketOf("@acme/hello", "stable"),
    () => on.bucketOf("@acme/hello", "stable", 7),
    () => on.bucketOf("@acme/hello", "stable", "\ud800"),
    () => on.verifyPackageProof({}, "@acme/hello", head, seen, of.now),
    () => on.verifyPackageProof(policy, undefined, head, seen, of.now),
    () => on.verifyPackageProof(policy, "@acme/hello", of.head, seen, of.now),
    () => on.verifyPackageProof(policy, "@acme/hello", head, {}, of.now),
    () => on.verifyPackageProof(policy, "@acme/hello", head, seen),
    () => on.replay(),
    () => on.replay(receipt),
    () => on.replay([, receipt]),
    () => on.replay([receipt], "now"),
    () => policy.yankedOf(),
    () => seen.merge(seen.toJSON()),
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

test("nothing is used up by being asked", async () => {
  const of = await evidence("ok_range");
  const { parsePolicy, prove, rememberNothing } = verifier();
  const proof = prove(parsePolicy(of.policy), of.request, resolutionOf(of), rememberNothing(), of.now);
  const { manifest } = bytesOf(of);
  assert.throws(() => proof.verify(manifest.subarray(1)), { code: "cid.mismatch" });
  assert.equal(proof.verify(manifest).version, "1.2.0");
  const check = proof.verify(manifest).check("index.js");
  assert.throws(() => check.finish(), { code: "module.size" });
  check.update(fromBase64(of.modules[0].bytes));
  check.finish();
  check.finish();
});

test("documents may be given as their text, in which a name that stands twice is seen", async () => {
  const of = await evidence("ok_range");
  const { parsePolicy, recall } = verifier();
  assert.equal(parsePolicy(JSON.stringify(of.policy)).originOf("@acme/hello"), "log.example");
  assert.deepEqual(recall(JSON.stringify(of.seen)).toJSON(), of.seen);
  const twice = JSON.stringify(of.policy).replace('"packages":{', '"packages":{"@acme/*":{},');
  assert.throws(() => parsePolicy(twice), { code: "policy.invalid" });
});

test("a policy says what it tolerates", async () => {
  const { parsePolicy } = verifier();
  const policy = parsePolicy((await evidence("ok_yank_tolerated")).policy);
  assert.notDeepEqual(policy.yankedOf("@acme/hello"), []);
  assert.deepEqual(parsePolicy((await evidence("ok_range")).policy).yankedOf("@acme/hello"), []);
  assert.throws(() => policy.yankedOf("@other/hello"), { code: "policy.no_rule" });
});

test("a user has one bucket of a channel", () => {
  const { bucketOf, parseReference } = verifier();
  for (const of of [["@acme/hello", "stable", "user 1"], ["@acme/hello", "next", "user 1"], ["@a/b", "c", "\u{1f37a}"]]) {
    const [name, channel, user] = of;
    const hash = Buffer.from(blake3(dagCbor.encode(["cidery-bucket-v1", ...of])));
    assert.equal(bucketOf(name, channel, user), Number(hash.readBigUInt64BE() % 10_000n));
  }
  assert.throws(() => bucketOf("hello", "stable", "user 1"), { code: "name.malformed" });
  assert.throws(() => bucketOf("@acme/hello", "Stable", "user 1"), { code: "channel.malformed" });
  assert.deepEqual(parseReference("@acme/hello:stable"), { package: "@acme/hello", channel: "stable", bucket: 0 });
});

test("T24: of what two have seen the higher remains, and no fork is taken over", async () => {
  const { recall } = verifier();
  const seen = (/** @type {number} */ size, /** @type {string} */ digit, /** @type {number} */ sequence) =>
    recall({
      format: "cidery-seen-v1",
      logs: { "log.example": { size, root: digit.repeat(64), packages: { "@acme/hello": sequence } } },
    });
  const [high, low] = [seen(9, "9", 2), seen(7, "7", 4)];
  for (const [first, second] of [
    [seen(9, "9", 2), low],
    [seen(7, "7", 4), high],
  ]) {
    first.merge(second);
    assert.deepEqual(first.toJSON(), seen(9, "9", 4).toJSON());
  }
  high.merge(high);
  assert.throws(() => high.merge(seen(9, "8", 5)), { code: "log.fork" });
  assert.deepEqual(high.toJSON(), seen(9, "9", 2).toJSON());
});

test("an explanation says what each rule looked at, and remembers nothing", async () => {
  const { explain, parsePolicy, rememberNothing } = verifier();
  const seen = rememberNothing();
  const explained = async (/** @type {string} */ name, withManifest = true) => {
    const of = await evidence(name);
    const { receipt, head, manifest } = bytesOf(of);
    const parts = { receipt, head, ...(withManifest && { manifest }) };
    return explain(parsePolicy(of.policy), of.request, parts, seen, of.now).steps;
  };
  const passed = await explained("ok_range");
  assert(passed.every(({ verdict, lookedAt }) => verdict === "passed" && lookedAt));
  const unfinished = await explained("ok_range", false);
  assert.deepEqual(
    unfinished.filter(({ verdict }) => verdict !== "passed").map(({ step, verdict }) => [step, verdict]),
    [["10.4 (15)", "notReached"]],
  );
  const stale = (await explained("T05_stale_head")).filter(({ verdict }) => verdict === "refused");
  assert.deepEqual(stale.map(({ step, ...rest }) => [step, "code" in rest && rest.code]), [["10.4 (4)", "log.stale"]]);
  assert.deepEqual(seen.toJSON(), rememberNothing().toJSON());
});

test("a package is there, or is not, and what is refused is not remembered", async () => {
  const { parsePolicy, rememberNothing, verifyPackageProof } = verifier();
  const [there, absent] = [await packageEvidence("ok_state"), await packageEvidence("ok_none_beside_another")];
  const [policy, seen] = [parsePolicy(there.policy), rememberNothing()];
  const ask = (/** @type {string} */ name, /** @type {{ proof: string, now: number }} */ { proof, now }) =>
    verifyPackageProof(policy, name, fromBase64(proof), seen, now);
  assert.equal(ask("@acme/hello", there).state?.sequence, 2);
  assert.equal(ask(absent.package, absent).state, undefined);
  const before = seen.toJSON();
  assert.deepEqual(before.logs["log.example"].packages, { "@acme/hello": 2 });
  assert.throws(() => ask("@acme/hello", absent), { code: "log.proof" });
  assert.throws(() => ask("hello", there), { code: "name.malformed" });
  assert.throws(() => ask("@acme/hello", { ...there, now: there.now * 2 }), { code: "log.stale" });
  assert.deepEqual(seen.toJSON(), before);
});

test("a history is replayed up to the record that is refused, or to a time", async () => {
  const { replay } = verifier();
  const waits = await history("ok_recovery_waits");
  const { pending, authority } = replay(waits);
  assert(pending);
  const later = replay(waits, pending.from);
  assert.equal(later.authority.record, pending.record);
  assert.notEqual(authority.record, pending.record);
  assert.equal(later.pending, undefined);
  const altered = waits.with(1, Uint8Array.of(0xa0));
  assert.throws(() => replay(altered), { code: "cbor.malformed", at: 1 });
  assert.throws(() => replay([]), { code: "record.invalid", at: 0 });
});

test("`ready()` gives what `verifier()` gives", async () => {
  assert.equal(await ready(), verifier());
});
