// From a request to a verified release with its modules, and no further than its verdict holds.

import type { Policy, Proof, Request, Seen, Verdict, Verifier } from "@cidery/verifier";

import { Flights } from "./flights.ts";
import { type Modules, fetchModules } from "./modules.ts";
import { Recent } from "./recent.ts";
import type { RegistryClient } from "./registry.ts";

/** Requests whose releases are remembered. */
const REQUESTS = 1_000;
/** Bytes of modules that are kept, of the 128 MiB that a Worker has. */
const CODE_BYTES = 32 << 20;

/** A release that may run. */
export interface Release {
  readonly verdict: Verdict;
  readonly modules: Modules;
}

/** The modules of a manifest. */
interface Code {
  modules: Modules;
  bytes: number;
}

/** Resolves requests: from memory while a verdict holds, and past that by one refresh for all who ask. */
export class Releases {
  readonly #verifier: Verifier;
  readonly #registry: RegistryClient;
  readonly #policy: Policy;
  readonly #now: () => number;
  readonly #seen: Seen;
  readonly #verdicts = new Recent<string, Verdict>(REQUESTS);
  readonly #codes = new Recent<string, Code>(CODE_BYTES, ({ bytes }) => bytes);
  readonly #refreshes = new Flights<Release>();

  /** `now` is in milliseconds since 1970. */
  constructor(verifier: Verifier, registry: RegistryClient, policy: Policy, now: () => number) {
    this.#verifier = verifier;
    this.#registry = registry;
    this.#policy = policy;
    this.#now = now;
    this.#seen = verifier.rememberNothing();
  }

  /** The release that was found under `key`, while its verdict holds; each request has a key of its own. */
  current(key: string): Release | undefined {
    const verdict = this.#valid(key);
    const code = verdict && this.#codes.get(verdict.manifest.cid);
    return code && { verdict, modules: code.modules };
  }

  /** Asks the registry for what is missing: a new verdict, the modules, or both. What is refused is not given out. */
  refresh(key: string, request: Request): Promise<Release> {
    return this.#refreshes.join(key, async () => {
      const verdict = this.#valid(key) ?? (await this.#verdict(request));
      const { cid, modules: listed } = verdict.manifest;
      const modules = this.#codes.get(cid)?.modules ?? (await fetchModules(this.#registry, verdict));
      this.#codes.set(cid, { modules, bytes: listed.reduce((sum, { size }) => sum + size, 0) });
      this.#verdicts.set(key, verdict);
      return { verdict, modules };
    });
  }

  #valid(key: string): Verdict | undefined {
    const verdict = this.#verdicts.get(key);
    return verdict !== undefined && !verdict.isLost && this.#seconds() <= verdict.validUntil ? verdict : undefined;
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
