// The instance of the wasm module: made once it is loaded, and made anew after a defect.
//
// A panic or a trap unwinds nothing: the stack pointer stays where it was, and what was being written stays half written. So the
// instance is given up with all that is in its memory, and the next call gets a fresh one of the same compiled module.

import { VERSION, bind } from "./dist/index.js";
import { CideryError } from "./error.js";

/** The compiled module, once one has been instantiated. */
let module;
/** What is in use: the module's functions and classes over one instance. None after a defect. */
let instance;

/** Whether there is a module, so that `call` needs none. */
export const isLoaded = () => module !== undefined;

/** Takes a compiled module, where there is none yet. Nothing is kept of one that fails: another may be tried. */
export function load(compiled) {
  if (isLoaded()) return;
  instance = instantiate(compiled);
  module = compiled;
}

/** Runs `body` over the instance. A refusal passes through; whatever else is thrown is a defect of ours, and ends the instance. */
export function call(body) {
  instance ??= instantiate(module);
  try {
    return body(instance);
  } catch (error) {
    if (error instanceof CideryError) throw error;
    instance = undefined;
    throw new CideryError("internal", `the verifier failed: ${error?.message ?? error}`, { cause: error });
  }
}

/** An object in the instance's memory, and gone with it. */
export class Held {
  #object;
  #instance;

  constructor(object, instance) {
    this.#object = object;
    this.#instance = instance;
  }

  get isLost() {
    return this.#instance !== instance;
  }

  /** The object; `instance` is the one in use. */
  in(instance) {
    if (this.#instance === instance) return this.#object;
    throw new CideryError("internal", "this was lost when the verifier failed in an earlier call", { hint: "verify again" });
  }
}

/** An object that is made again, by `make`, in each new instance. */
export class Kept {
  #make;
  #object;
  #instance;

  constructor(make) {
    this.#make = make;
    call((instance) => this.in(instance)); // so that it is refused at once
  }

  in(instance) {
    if (this.#instance !== instance) {
      this.#object = this.#make(instance);
      this.#instance = instance;
    }
    return this.#object;
  }
}

/** The error of a module that cannot be had. */
export const unloadable = (cause) =>
  new CideryError("environment", `the verifier's WebAssembly cannot be loaded: ${cause?.message ?? cause}`, { cause });

function instantiate(compiled) {
  try {
    const bound = bind();
    bound.initSync({ module: compiled });
    const version = bound.version();
    if (version !== VERSION) throw new Error(`it is of version ${version}, and the package of ${VERSION}`);
    return bound;
  } catch (cause) {
    throw unloadable(cause);
  }
}
