// What was seen, in Workers KV: better than nothing after a restart, and no more.

import { type SeenDocument, verifier } from "@cidery/verifier";

import { type SeenStore, advance } from "./store.ts";

/** How often a write is tried, and how long after the one before, in milliseconds: KV takes one a second of a key. */
const TRIES = 4;
const PAUSE = 1_100;

/** What is needed of a KV namespace. */
export interface KeyValues {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<void>;
}

/**
 * Remembers under a key of Workers KV. Within an isolate nothing goes back. Between isolates it may: what one has written is not read
 * by others for a minute or more, and of two that write at once the later one wins. Each brings back what it knows with its next
 * write. Where that is not enough, there is `durableObjectSeen`.
 */
export function kvSeen(namespace: KeyValues, key = "cidery-seen"): SeenStore {
  /** The highest that this isolate has read or written. */
  let known: SeenDocument | undefined;
  /** How often it has changed, and how many of these changes KV has. */
  let changes = 0;
  let saved = 0;

  return {
    async read() {
      const stored = await namespace.get(key);
      if (stored === null) return known;
      const { recall } = verifier();
      const seen = recall(stored);
      if (known !== undefined) seen.merge(recall(known));
      known = seen.toJSON();
      return known;
    },

    async write(next, before) {
      const advanced = advance(known, next, before);
      if (advanced === undefined) return false;
      known = advanced;
      const change = ++changes;
      for (let tries = 1; saved < change; tries++) {
        const carried = changes; // this write may carry changes of others along
        try {
          await namespace.put(key, JSON.stringify(known));
          saved = Math.max(saved, carried);
        } catch (error) {
          if (tries === TRIES) throw error;
          await new Promise((resolve) => setTimeout(resolve, PAUSE));
        }
      }
      return true;
    },
  };
}
