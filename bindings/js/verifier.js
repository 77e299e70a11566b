// The verifier over its wasm module: plain values in, plain values and handles out, and every failure a CideryError.

import * as wasm from "./dist/index.js";
import { CideryError } from "./error.js";

export { CideryError };

/** How much of a module goes into the wasm memory at once. */
const CHUNK = 1 << 20;

let loaded = false;

/**
 * Makes the verifier of a compiled module. The module is instantiated once; later calls are free.
 * @param {() => WebAssembly.Module} module
 */
export function createVerifier(module) {
  if (!loaded) {
    try {
      wasm.initSync({ module: module() });
    } catch (cause) {
      const message = `the verifier's WebAssembly cannot be loaded: ${cause?.message ?? cause}`;
      throw new CideryError("environment", message, { cause });
    }
    loaded = true;
  }
  return { parsePolicy, parseReference, rememberNothing, recall, prove, verify };
}

const parsePolicy = (policy) => new Policy(guarded(() => new wasm.Policy(JSON.stringify(policy))));

const parseReference = (text) => JSON.parse(guarded(() => wasm.parseReference(text)));

const rememberNothing = () => new Seen(guarded(() => new wasm.Seen()));

const recall = (seen) => new Seen(guarded(() => new wasm.Seen(JSON.stringify(seen))));

function prove(policy, request, resolution, seen, now) {
  const json = JSON.stringify(request);
  return new Proof(guarded(() => wasm.prove(policy.handle, json, resolution, seen.handle, now)));
}

function verify(policy, request, { receipt, head, manifest }, seen, now) {
  const json = JSON.stringify(request);
  const proof = guarded(() => wasm.proveReceipt(policy.handle, json, receipt, head, seen.handle, now));
  return new Proof(proof).verify(manifest);
}

class Policy {
  constructor(handle) {
    this.handle = handle;
  }

  originOf(name) {
    return guarded(() => this.handle.originOf(name));
  }
}

class Seen {
  constructor(handle) {
    this.handle = handle;
  }

  sizeOf(origin) {
    return guarded(() => this.handle.sizeOf(origin));
  }

  toJSON() {
    return JSON.parse(guarded(() => this.handle.toText()));
  }
}

class Proof {
  constructor(handle) {
    this.handle = handle;
    this.manifest = guarded(() => handle.manifest);
  }

  verify(manifest) {
    return new Verdict(guarded(() => this.handle.verify(manifest)));
  }
}

class Verdict {
  constructor(handle) {
    this.handle = handle;
    this.manifest = JSON.parse(guarded(() => handle.manifestText()));
    Object.assign(this, JSON.parse(guarded(() => handle.toText())), { manifest: this.manifest });
  }

  check(path) {
    const check = guarded(() => this.handle.check(path));
    if (check === undefined) throw new CideryError("usage", `the manifest has no module \`${path}\``);
    return new BlobCheck(check);
  }

  checkModule(path, bytes) {
    const check = this.check(path);
    for (let at = 0; at < bytes.length; at += CHUNK) check.update(bytes.subarray(at, at + CHUNK));
    check.finish();
  }

  isolateId({ overrides = [], tenant, envKey } = {}) {
    return guarded(() => this.handle.isolateId(overrides, tenant, envKey));
  }
}

class BlobCheck {
  constructor(handle) {
    this.handle = handle;
  }

  update(chunk) {
    guarded(() => this.handle.update(chunk));
  }

  finish() {
    guarded(() => this.handle.finish());
  }
}

/** Runs a call into wasm. A panic there is a defect of ours and never a verdict; the next call finds a sound module. */
function guarded(call) {
  try {
    return call();
  } catch (error) {
    if (error instanceof CideryError) throw error;
    throw new CideryError("internal", `the verifier failed: ${error?.message ?? error}`, { cause: error });
  }
}
