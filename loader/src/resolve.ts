// From a request to a verified release with its modules, and no further than its verdict holds.

import type { Policy, Proof, Request, Seen, Verdict, Verifier } from "@cidery/verifier";

import { CideryError, notFound, storage } from "./errors.ts";
import { Flights } from "./flights.ts";
import { type Modules, fetchModules } from "./modules.ts";
import { Recent } from "./recent.ts";
import type { Asked } from "./reference.ts";
import type { RegistryClient } from "./registry.ts";
import type { Memory } from "./seen/memory.ts";

/** Requests whose releases are remembered. */
const REQUESTS = 1_000;
/** Bytes of modules that are kept, of the 128 MiB that a Worker has. */
const CODE_BYTES = 32 << 20;
/** Bytes of manifests that are kept: those who share a release ask for it in many buckets. */
const MANIFEST_BYTES = 4 << 20;
/** How often a release is judged where others write what was seen meanwhile. */
const JUDGEMENTS = 8;
/** With these a registry gives no proof, where it has said that something is not there. */
const UNPROVEN = new Set(["network.failed", "not_found"]);
/** How long a registry that cannot be reached is left alone, in seconds. */
const PAUSE = 10;

/** A release that may run. */
export interface Release {
  readonly verdict: Verdict;
  readonly modules: Modules;
}

/** A verdict, and until when nobody is asked about it, in seconds since 1970. */
interface Found {
  readonly verdict: Verdict;
  readonly until: number;
}

/** The modules of a manifest. */
interface Code {
  readonly modules: Modules;
  readonly bytes: number;
}

/** Resolves requests: from memory while a verdict holds, and past that by one refresh for all who ask. */
export class Releases {
  readonly #verifier: Verifier;
  readonly #registry: RegistryClient;
  readonly #policy: Policy;
  readonly #memory: Memory;
  readonly #now: () => number;
  readonly #found = new Recent<string, Found>(REQUESTS);
  readonly #codes = new Recent<string, Code>(CODE_BYTES, ({ bytes }) => bytes);
  readonly #manifests = new Recent<string, Uint8Array>(MANIFEST_BYTES, ({ length }) => length);
  readonly #refreshes = new Flights<Release>();

  /** `now` is in milliseconds since 1970. */
  constructor(verifier: Verifier, registry: RegistryClient, policy: Policy, memory: Memory, now: () => number) {
    this.#verifier = verifier;
    this.#registry = registry;
    this.#policy = policy;
    this.#memory = memory;
    this.#now = now;
  }

  /** The release that was asked for, from memory where its verdict holds, else as the registry has it now. */
  async get(asked: Asked): Promise<Release> {
    return this.#current(asked.key) ?? (await this.#refreshes.join(asked.key, () => this.#refresh(asked)));
  }

  #current(key: string): Release | undefined {
    const found = this.#valid(key);
    return found && this.#withCode(found.verdict);
  }

  #valid(key: string): Found | undefined {
    const found = this.#found.get(key);
    return found !== undefined && !found.verdict.isLost && this.#seconds() <= found.until ? found : undefined;
  }

  #withCode(verdict: Verdict): Release | undefined {
    const code = this.#codes.get(verdict.manifest.cid);
    return code && { verdict, modules: code.modules };
  }

  /**
   * Asks the registry for what is missing: a new verdict, the modules, or both. Where it cannot be reached, a verdict goes on in its
   * grace; whatever else is wrong ends it.
   */
  async #refresh({ key, request }: Asked): Promise<Release> {
    try {
      const { verdict } = this.#valid(key) ?? this.#keep(key, await this.#judge(key, request()));
      return this.#withCode(verdict) ?? (await this.#fetch(verdict));
    } catch (error) {
      const isUnreachable = error instanceof CideryError && error.code === "network.failed";
      const kept = isUnreachable ? this.#inGrace(key) : this.#end(key);
      if (kept === undefined) throw error;
      return kept;
    }
  }

  #keep(key: string, verdict: Verdict, until = verdict.validUntil): Found {
    const found = { verdict, until };
    this.#found.set(key, found);
    return found;
  }

  async #fetch(verdict: Verdict): Promise<Release> {
    const { cid, modules: listed } = verdict.manifest;
    const modules = await fetchModules(this.#registry, verdict);
    this.#codes.set(cid, { modules, bytes: listed.reduce((sum, { size }) => sum + size, 0) });
    return { verdict, modules };
  }

  #inGrace(key: string): Release | undefined {
    const verdict = this.#found.get(key)?.verdict;
    const now = this.#seconds();
    if (verdict === undefined || verdict.isLost || now > verdict.graceUntil) return undefined;
    const release = this.#withCode(verdict);
    if (release !== undefined) this.#keep(key, verdict, Math.min(now + PAUSE, verdict.graceUntil));
    return release;
  }

  #end(key: string): undefined {
    this.#found.delete(key);
  }

  async #judge(key: string, request: Request): Promise<Verdict> {
    const proof = await this.#prove(request);
    this.#end(key); // the registry was reached: there is no grace for what it said before
    const manifest = this.#manifests.get(proof.manifest) ?? (await this.#registry.manifest(proof.manifest));
    const verdict = proof.verify(manifest);
    this.#manifests.set(proof.manifest, manifest);
    return verdict;
  }

  async #prove(request: Request): Promise<Proof> {
    const tolerated = this.#policy.yankedOf(request.package);
    try {
      return await this.#judged(
        request,
        (since) => this.#registry.resolution(request, tolerated, since),
        (resolution, seen, now) => this.#verifier.prove(this.#policy, request, resolution, seen, now),
      );
    } catch (error) {
      if (!(error instanceof CideryError && error.code === "not_found")) throw error;
      throw notFound(await this.#missing(request, error.message), error);
    }
  }

  /**
   * Says of what a registry does not find whether its log proves that: it can where there is no such package (SPEC §9.6), and not where there is
   * no such release. Where the proof itself is refused, that is the refusal.
   */
  async #missing(request: Request, said: string): Promise<string> {
    const name = request.package;
    try {
      const { state, head } = await this.#judged(
        request,
        (since) => this.#registry.proof(name, since),
        (proof, seen, now) => this.#verifier.verifyPackageProof(this.#policy, name, proof, seen, now),
      );
      if (state === undefined) return `there is no ${name}: the log of ${head.size} entries proves it`;
      return `${said}; the log has ${name}, up to record ${state.sequence}`;
    } catch (error) {
      if (error instanceof CideryError && UNPROVEN.has(error.code)) return `${said}; nothing proves it: ${error.message}`;
      throw error;
    }
  }

  /** An answer, judged by what was seen, and written there in the same step: where others have written meanwhile, it is asked and judged again. */
  async #judged<V>(
    request: Request,
    ask: (since: number | undefined) => Promise<Uint8Array>,
    judge: (answer: Uint8Array, seen: Seen, now: number) => V,
  ): Promise<V> {
    const origin = this.#policy.originOf(request.package);
    for (let judged = 0; judged < JUDGEMENTS; judged++) {
      const recalled = await this.#memory.recall();
      const { seen } = recalled;
      const answer = await ask(seen.sizeOf(origin));
      const outcome = judge(answer, seen, this.#seconds());
      if (await this.#memory.remember(recalled)) return outcome;
    }
    throw storage(`what was seen was changed by others each of ${JUDGEMENTS} times`);
  }

  #seconds(): number {
    return Math.floor(this.#now() / 1000);
  }
}
