// From a request to a verified release with its modules, and no further than its verdict holds.

import type { Policy, Proof, Request, Seen, Verdict, Verifier } from "@cidery/verifier";

import { Flights } from "./flights.ts";
import { type Modules, fetchModules } from "./modules.ts";
import { Recent } from "./recent.ts";
import type { RegistryClient } from "./registry.ts";

/** Requests whose releases are remembered. */
const REQUESTS = 1_000;
/** Releases whose modules are kept in memory. */
const CODES = 32;

/** A release that may run. */
export interface Release {
  readonly verdict: Verdict;
  readonly modules: Modules;
}

/** Resolves requests: from memory while a verdict holds, and past that by one refresh for all who ask. */
export class Releases {
  readonly #verifier: Verifier;
  readonly #registry: RegistryClient;
  readonly #policy: Policy;
  readonly #now: () => number;
  readonly #seen: Seen;
  readonly #held = new Recent<string, Release>(REQUESTS);
  readonly #codes = new Recent<string, Modules>(CODES);
  readonly #refreshes = new Flights<Release>();

  /** `now` is in milliseconds since 1970. */
  constructor(verifier: Verifier, registry: RegistryClient, policy: Policy, now: () => number) {
    this.#verifier = verifier;
    this.#registry = registry;
    this.#policy = policy;
    this.#now = now;
    this.#seen = verifier.rememberNothing();
  }

  /** The release that is held under `key` while its verdict does; a request makes its own key. */
  current(key: string): Release | undefined {
    const held = this.#held.get(key);
    return held !== undefined && this.#seconds() <= held.verdict.validUntil ? held : undefined;
  }

  /** Asks the registry, and holds what it proves. Where it refuses or is refused, nothing is given out. */
  refresh(key: string, request: Request): Promise<Release> {
    return this.#refreshes.join(key, async () => {
      const verdict = await this.#verdict(request);
      const { cid } = verdict.manifest;
      const modules = this.#codes.get(cid) ?? (await fetchModules(this.#registry, verdict));
      const release = { verdict, modules };
      this.#codes.set(cid, modules);
      this.#held.set(key, release);
      return release;
    });
  }

  async #verdict(request: Request): Promise<Verdict> {
    const origin = this.#policy.originOf(request.package);
    for (;;) {
      const since = this.#seen.sizeOf(origin);
      const resolution = await this.#registry.resolution(request, since);
      let proof: Proof;
      try {
        proof = this.#verifier.prove(this.#policy, request, resolution, this.#seen, this.#seconds());
      } catch (refusal) {
        // Another answer has moved the log's head meanwhile, and this one was asked for before: it is asked for again.
        if (this.#seen.sizeOf(origin) !== since) continue;
        throw refusal;
      }
      return proof.verify(await this.#registry.manifest(proof.manifest));
    }
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}
