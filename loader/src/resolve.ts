// From a request to a verified release with its modules, and no further than its verdict holds.

import type { Policy, Proof, Request, Seen, Verdict, Verifier } from "@cidery/verifier";

import { type Closure, type Link, closureOf, composed, graceUntil, isLost, validUntil } from "./closure.ts";
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

/** A release that may run, with all that it links. */
export interface Release {
  readonly closure: Closure;
  /** All modules by their names in the isolate. */
  readonly modules: () => Modules;
}

/** Verdicts, and until when nobody is asked about them, in seconds since 1970. */
interface Found {
  readonly closure: Closure;
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
    return found && this.#withCode(found.closure);
  }

  #valid(key: string): Found | undefined {
    const found = this.#found.get(key);
    return found !== undefined && !isLost(found.closure) && this.#seconds() <= found.until ? found : undefined;
  }

  #withCode(closure: Closure): Release | undefined {
    const codes: Modules[] = [];
    for (const { manifest } of closure) {
      const code = this.#codes.get(manifest.cid);
      if (code === undefined) return undefined;
      codes.push(code.modules);
    }
    return { closure, modules: () => composed(closure, codes) };
  }

  /**
   * Asks the registry for what is missing: new verdicts, modules, or both. Where it cannot be reached, verdicts go on in their
   * grace; whatever else is wrong ends them.
   */
  async #refresh({ key, request }: Asked): Promise<Release> {
    try {
      const { closure } = this.#valid(key) ?? this.#keep(key, await this.#judge(key, request()));
      return this.#withCode(closure) ?? (await this.#fetch(closure));
    } catch (error) {
      const isUnreachable = error instanceof CideryError && error.code === "network.failed";
      const kept = isUnreachable ? this.#inGrace(key) : this.#end(key);
      if (kept === undefined) throw error;
      return kept;
    }
  }

  #keep(key: string, closure: Closure, until = validUntil(closure)): Found {
    const found = { closure, until };
    this.#found.set(key, found);
    return found;
  }

  async #fetch(closure: Closure): Promise<Release> {
    const codes: Modules[] = [];
    for (const verdict of closure) {
      const { cid, modules: listed } = verdict.manifest;
      const modules = this.#codes.get(cid)?.modules ?? (await fetchModules(this.#registry, verdict));
      this.#codes.set(cid, { modules, bytes: listed.reduce((sum, { size }) => sum + size, 0) });
      codes.push(modules);
    }
    return { closure, modules: () => composed(closure, codes) };
  }

  #inGrace(key: string): Release | undefined {
    const closure = this.#found.get(key)?.closure;
    const now = this.#seconds();
    if (closure === undefined || isLost(closure) || now > graceUntil(closure)) return undefined;
    const release = this.#withCode(closure);
    if (release !== undefined) this.#keep(key, closure, Math.min(now + PAUSE, graceUntil(closure)));
    return release;
  }

  #end(key: string): undefined {
    this.#found.delete(key);
  }

  async #judge(key: string, request: Request): Promise<Closure> {
    const proof = await this.#prove(request);
    this.#end(key); // the registry was reached: there is no grace for what it said before
    const linked = async ({ name, version, manifest }: Link): Promise<Verdict> =>
      this.#withManifest(await this.#prove({ package: name, version, manifest }));
    return closureOf(await this.#withManifest(proof), linked);
  }

  async #withManifest(proof: Proof): Promise<Verdict> {
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
