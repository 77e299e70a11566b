// What the verifier hands out: plain values for what it says, and handles for what it can be asked.

import { CideryError } from "./error.js";
import { Held, Kept, call } from "./instance.js";
import { bytes, made, optionalText, text, texts } from "./values.js";

/** How much of a module goes into the wasm memory at once. */
const CHUNK = 1 << 20;

/** A valid policy. */
export class Policy {
  constructor(text) {
    this.handle = new Kept((wasm) => new wasm.Policy(text));
  }

  originOf(name) {
    const given = text(name, "the package's name");
    return call((wasm) => this.handle.in(wasm).originOf(given));
  }

  yankedOf(name) {
    const given = text(name, "the package's name");
    return JSON.parse(call((wasm) => this.handle.in(wasm).yankedOf(given)));
  }
}

/** What was seen. Its JSON form is taken after every change, so that nothing is forgotten with an instance. */
export class Seen {
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

  merge(other) {
    if (made(other, Seen, "what another has seen") === this) return;
    call((wasm) => {
      this.handle.in(wasm).merge(other.handle.in(wasm));
      this.keep(wasm);
    });
  }

  toJSON() {
    return JSON.parse(call((wasm) => this.handle.in(wasm).toText()));
  }
}

/** A release whose manifest is known by name alone. */
export class Proof {
  #held;

  constructor(held, manifest) {
    this.#held = held;
    this.manifest = manifest;
  }

  verify(manifest) {
    const given = bytes(manifest, "the manifest");
    return call((wasm) => {
      const verdict = this.#held.in(wasm).verify(given);
      return new Verdict(new Held(verdict, wasm), JSON.parse(verdict.toText()), JSON.parse(verdict.manifestText()));
    });
  }
}

/** A release with its manifest. */
export class Verdict {
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

/** The check of one module. */
export class BlobCheck {
  #held;

  constructor(held) {
    this.#held = held;
  }

  update(chunk) {
    const given = bytes(chunk, "the chunk");
    call((wasm) => this.#held.in(wasm).update(given));
  }

  finish() {
    call((wasm) => this.#held.in(wasm).finish());
  }
}
