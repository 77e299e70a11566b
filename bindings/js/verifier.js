// The verifier over its wasm module: plain values in, plain values and handles out, and every failure a CideryError.

import { CideryError } from "./error.js";
import { Policy, Proof, Seen } from "./handles.js";
import { Held, call, isLoaded, load, unloadable } from "./instance.js";
import { bytes, each, joined, json, made, seconds, text } from "./values.js";

/**
 * The verifier, where a module can be had at once. It is compiled at the first call; a failure is told, and the next call tries again.
 * @param {() => WebAssembly.Module} compile
 */
export function createVerifier(compile) {
  if (!isLoaded()) load(attempt(compile));
  return VERIFIER;
}

/**
 * The same where a module takes time.
 * @param {() => Promise<WebAssembly.Module>} compile
 */
export async function loadVerifier(compile) {
  if (!isLoaded()) {
    load(
      await compile().catch((cause) => {
        throw unloadable(cause);
      }),
    );
  }
  return VERIFIER;
}

/** The verifier, where it has been loaded. */
export function loadedVerifier() {
  if (isLoaded()) return VERIFIER;
  throw new CideryError("environment", "the verifier's WebAssembly is not loaded yet", { hint: "`await ready()` first" });
}

const VERIFIER = Object.freeze({
  parsePolicy,
  parseReference,
  bucketOf,
  rememberNothing,
  recall,
  prove,
  verify,
  verifyPackageProof,
  explain,
  replay,
  verifySignature,
});

function parsePolicy(policy) {
  return new Policy(json(policy, "the policy"));
}

function parseReference(reference) {
  const given = text(reference, "the reference");
  return JSON.parse(call((wasm) => wasm.parseReference(given)));
}

function bucketOf(name, channel, user) {
  const given = [text(name, "the package's name"), text(channel, "the channel"), text(user, "the user")];
  return call((wasm) => wasm.bucketOf(...given));
}

function rememberNothing() {
  return new Seen();
}

function recall(seen) {
  return new Seen(json(seen, "what was seen"));
}

function prove(policy, request, resolution, seen, now) {
  const asked = question(policy, request, seen, now);
  return proof(asked, [bytes(resolution, "the resolution")], (wasm) => wasm.prove);
}

function verify(policy, request, { receipt, head, manifest } = {}, seen, now) {
  const asked = question(policy, request, seen, now);
  const evidence = [bytes(receipt, "the receipt"), bytes(head, "the head")];
  bytes(manifest, "the manifest");
  return proof(asked, evidence, (wasm) => wasm.proveReceipt).verify(manifest);
}

function verifyPackageProof(policy, name, proof, seen, now) {
  const trusted = made(policy, Policy, "the policy");
  const given = [text(name, "the package's name"), bytes(proof, "the proof")];
  const before = made(seen, Seen, "what was seen");
  const time = seconds(now, "now");
  const said = call((wasm) => {
    const said = wasm.verifyPackageProof(trusted.handle.in(wasm), ...given, before.handle.in(wasm), time);
    before.keep(wasm);
    return said;
  });
  return JSON.parse(said);
}

function explain(policy, request, { receipt, head, manifest } = {}, seen, now) {
  const { trusted, asked, before, time } = question(policy, request, seen, now);
  const evidence = [bytes(receipt, "the receipt"), bytes(head, "the head")];
  if (manifest !== undefined) bytes(manifest, "the manifest");
  return JSON.parse(
    call((wasm) => wasm.explain(trusted.handle.in(wasm), asked, ...evidence, manifest, before.handle.in(wasm), time)),
  );
}

/** What the first four of `prove`, `verify` and `explain` are asked by. */
function question(policy, request, seen, now) {
  return {
    trusted: made(policy, Policy, "the policy"),
    asked: json(request, "the request"),
    before: made(seen, Seen, "what was seen"),
    time: seconds(now, "now"),
  };
}

function proof({ trusted, asked, before, time }, evidence, prover) {
  return call((wasm) => {
    const proven = prover(wasm)(trusted.handle.in(wasm), asked, ...evidence, before.handle.in(wasm), time);
    before.keep(wasm);
    return new Proof(new Held(proven, wasm), proven.manifest);
  });
}

function replay(entries, time) {
  const given = each(entries, "the entries", bytes);
  if (time !== undefined) seconds(time, "the time");
  const state = call((wasm) => {
    const { bytes, lengths } = joined(given);
    return wasm.replay(bytes, lengths, time);
  });
  return JSON.parse(state);
}

function verifySignature(publicKey, message, signature) {
  const given = [bytes(publicKey, "the public key"), bytes(message, "the message"), bytes(signature, "the signature")];
  call((wasm) => wasm.verifySignature(...given));
}

function attempt(compile) {
  try {
    return compile();
  } catch (cause) {
    throw unloadable(cause);
  }
}
