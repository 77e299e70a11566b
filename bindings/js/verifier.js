// The verifier over its wasm module: plain values in, plain values and handles out, and every failure a CideryError.

import { CideryError } from "./error.js";
import { Held, Kept, call, isLoaded, load, unloadable } from "./instance.js";
import { bytes, json, made, optionalText, seconds, text, texts } from "./values.js";

/** How much of a module goes into the wasm memory at once. */
const CHUNK = 1 << 20;

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

const VERIFIER = Object.freeze({ parsePolicy, parseReference, rememberNothing, recall, prove, verify, verifySignature });

function parsePolicy(policy) {
  return new Policy(json(policy, "the policy"));
}

function parseReference(reference) {
  const given = text(reference, "the reference");
  return JSON.parse(call((wasm) => wasm.parseReference(given)));
}

function rememberNothing() {
  return new Seen();
}

function recall(seen) {
  return new Seen(json(seen, "what was seen"));
}

function prove(policy, request, resolution, seen, now) {
  return proof(policy, request, seen, now, [bytes(resolution, "the resolution")], (wasm) => wasm.prove);
}

function verify(policy, request, { receipt, head, manifest }, seen, now) {
  const evidence = [bytes(receipt, "the receipt"), bytes(head, "the head")];
  bytes(manifest, "the manifest");
  return proof(policy, request, seen, now, evidence, (wasm) => wasm.proveReceipt).verify(manifest);
}

function proof(policy, request, seen, now, evidence, prover) {
  const trusted = made(policy, Policy, "the policy").handle;
  const before = made(seen, Seen, "what was seen");
  const asked = json(request, "the request");
  const time = seconds(now, "now");
  return call((wasm) => {
    const proven = prover(wasm)(trusted.in(wasm), asked, ...evidence, before.handle.in(wasm), time);
    before.keep(wasm);
    return new Proof(new Held(proven, wasm), proven.manifest);
  });
}

function verifySignature(publicKey, message, signature) {
  const given = [bytes(publicKey, "the public key"), bytes(message, "the message"), bytes(signature, "the signature")];
  call((wasm) => wasm.verifySignature(...given));
}

class Policy {
  constructor(text) {
    this.handle = new Kept((wasm) => new wasm.Policy(text));
  }

  originOf(name) {
    const given = text(name, "the package's name");
    return call((wasm) => this.handle.in(wasm).originOf(given));
  }
}

/** Its JSON form is taken after every change, so that nothing that was seen is forgotten with an instance. */
class Seen {
  #text;

  constructor(text) {
    this.#text = text;
    this.handle = new Kept((wasm) => new wasm.Seen(this.#text));
  }

  keep(wasm) {
    this.#text = this.handle.in(wasm).toText();
  }

  sizeOf(origin) {
    const given = text(origin, "the origin");
    return call((wasm) => this.handle.in(wasm).sizeOf(given));
  }

  toJSON() {
    return JSON.parse(call((wasm) => this.handle.in(wasm).toText()));
  }
}

class Proof {
  #held;

  constructor(held, manifest) {
    this.#held = held;
    this.manifest = manifest;
  }

  verify(manifest) {
    const given = bytes(manifest, "the manifest");
    return call((wasm) => {
      const verdict = this.#held.take(wasm).verify(given);
      return new Verdict(new Held(verdict, wasm), JSON.parse(verdict.toText()), JSON.parse(verdict.manifestText()));
    });
  }
}

class Verdict {
  #held;

  constructor(held, verdict, manifest) {
    this.#held = held;
    Object.assign(this, verdict, { manifest });
  }

  get isLost() {
    return this.#held.isLost;
  }

  check(path) {
    const given = text(path, "the path");
    return call((wasm) => {
      const check = this.#held.in(wasm).check(given);
      if (check === undefined) throw new CideryError("usage", `the manifest has no module \`${given}\``);
      return new BlobCheck(new Held(check, wasm));
    });
  }

  checkModule(path, module) {
    const given = bytes(module, "the module");
    const check = this.check(path);
    for (let at = 0; at < given.length; at += CHUNK) check.update(given.subarray(at, at + CHUNK));
    check.finish();
  }

  isolateId({ overrides = [], tenant, envKey } = {}) {
    const given = [texts(overrides, "overrides"), optionalText(tenant, "tenant"), optionalText(envKey, "envKey")];
    return call((wasm) => this.#held.in(wasm).isolateId(...given));
  }
}

class BlobCheck {
  #held;

  constructor(held) {
    this.#held = held;
  }

  update(chunk) {
    const given = bytes(chunk, "the chunk");
    call((wasm) => this.#held.in(wasm).update(given));
  }

  finish() {
    call((wasm) => this.#held.take(wasm).finish());
  }
}

function attempt(compile) {
  try {
    return compile();
  } catch (cause) {
    throw unloadable(cause);
  }
}
