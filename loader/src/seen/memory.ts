// Between the verifier and a store: what was seen is read, judged by, and written before anything is given out.

import type { Seen, SeenDocument, Verifier } from "@cidery/verifier";

import { CideryError, storage } from "../errors.ts";
import type { SeenStore } from "./store.ts";

/** What was seen, as it was read. */
export interface Recalled {
  readonly seen: Seen;
  /** The document that it was read from, and its text in the verifier's words. */
  readonly document: SeenDocument | undefined;
  readonly text: string;
}

/** What a loader remembers. A store that fails is never passed over: `storage.failed`. */
export class Memory {
  readonly #verifier: Verifier;
  readonly #store: SeenStore;

  constructor(verifier: Verifier, store: SeenStore) {
    this.#verifier = verifier;
    this.#store = store;
  }

  /** Reads the store. */
  recall(): Promise<Recalled> {
    return attempt("read", async () => {
      const document = await this.#store.read();
      const seen = document === undefined ? this.#verifier.rememberNothing() : this.#verifier.recall(document);
      return { seen, document, text: JSON.stringify(seen) };
    });
  }

  /** Writes what has been seen since; false where somebody else has written meanwhile. Where nothing is new, it asks nobody. */
  async remember({ seen, document, text }: Recalled): Promise<boolean> {
    return JSON.stringify(seen) === text || attempt("written", () => this.#store.write(seen.toJSON(), document));
  }
}

/** Trees that contradict each other are a verdict; whatever else a store throws is its failure. */
async function attempt<T>(what: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (cause instanceof CideryError && cause.code === "log.fork") throw cause;
    throw storage(`what was seen cannot be ${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}
