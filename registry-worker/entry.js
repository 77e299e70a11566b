// What Workers loads: the wasm's entry points as the classes that the platform wants.
//
// A Rust panic ends its wasm instance for good: what was under way there never answers. wasm-bindgen starts a fresh
// instance at the next call; here the calls that were under way are failed, and objects of the old one replaced.

import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import module from "./build/index_bg.wasm";
import * as rust from "./build/index.js";

rust.initSync({ module });

/** The running instance's number; where the last one panicked, asking starts the next. */
const instance = () => rust.__worker_init_state().instanceId;

export default class extends WorkerEntrypoint {
  fetch(request) {
    return rust.fetch.call(this, request, this.env, this.ctx);
  }
}

export class Ledger extends DurableObject {
  #rust;
  #instance;

  fetch(request) {
    return this.#call((ledger) => ledger.fetch(request));
  }

  alarm() {
    return this.#call((ledger) => ledger.alarm());
  }

  async #call(method) {
    const running = instance();
    if (this.#instance !== running) {
      this.#rust = new rust.Ledger(this.ctx, this.env);
      this.#instance = running;
    }
    const { promise: panicked, reject } = Promise.withResolvers();
    const listen = ({ error }) => error instanceof WebAssembly.RuntimeError && reject(error);
    addEventListener("error", listen);
    try {
      return await Promise.race([method(this.#rust), panicked]);
    } catch (error) {
      // Drops the unfinished writes, fails what else is under way; the next call meets a fresh object.
      if (error instanceof WebAssembly.RuntimeError) this.ctx.abort(error.message);
      throw error;
    } finally {
      removeEventListener("error", listen);
    }
  }
}
