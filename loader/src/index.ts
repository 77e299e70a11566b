// Packages of a Cidery registry in Dynamic Workers: nothing runs that the policy does not allow, or that has not been verified.

import { type PolicyDocument, type SeenDocument, type Verdict, verifier } from "@cidery/verifier";

import { networkOf } from "./egress.ts";
import { CideryError } from "./errors.ts";
import { type Context, Isolates, checkContext } from "./isolate.ts";
import { type ChannelEntry, type LockEntry, type Reference, askedBy } from "./reference.ts";
import { type Registry, RegistryClient } from "./registry.ts";
import { Releases } from "./resolve.ts";
import { Memory } from "./seen/memory.ts";
import { type SeenStore, memorySeen } from "./seen/store.ts";

export { CideryError, memorySeen };
export { Egress } from "./egress.ts";
export { kvSeen } from "./seen/kv.ts";
export { SeenObject, durableObjectSeen } from "./seen/object.ts";
export type { ChannelEntry, Context, LockEntry, PolicyDocument, Reference, Registry, SeenDocument, SeenStore, Verdict };

/** What a loader needs. */
export interface LoaderOptions {
  /** Where releases are read: an address, a service binding, or a function like `fetch`. It is trusted with nothing. */
  registry: Registry;
  /** Whom to trust (SPEC §10.1), or its JSON text. */
  policy: PolicyDocument | string;
  /** The Worker Loader binding. */
  worker_loader: WorkerLoader;
  /** `ctx.exports`, with {@link Egress} in it: needed where the policy grants network. */
  exports?: unknown;
  /** Where what was seen is kept, so that nothing goes back; {@link memorySeen} unless given, which forgets with the isolate. */
  seen?: SeenStore;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

/** Loads packages. One of it serves all requests of a Worker: it remembers what was verified, and until when. */
export interface Loader {
  /**
   * The isolate of a release: `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, an entry of a lock, or a channel for
   * a user. While the verdict holds and the isolate has started, this asks nobody.
   */
  load(reference: Reference, context?: Context): Promise<WorkerStub>;
  /**
   * What is known of the release that {@link load} gives now: its version, who signed it, until when that holds, and by `revocation`
   * whether it was proven what became of it since.
   */
  verdict(reference: Reference): Promise<Verdict>;
  /**
   * The same, and after it the verdicts on all that the release links (SPEC §5.7), each judged by the policy, too: {@link load} gives
   * it while all of them hold.
   */
  closure(reference: Reference): Promise<readonly [Verdict, ...Verdict[]]>;
}

/**
 * Makes a loader.
 *
 * @throws {CideryError} `policy.missing` without a policy, `policy.invalid` with one that is not valid
 */
export function createLoader(options: LoaderOptions): Loader {
  if (!options.policy) {
    throw new CideryError("policy.missing", "a loader needs a policy", {
      hint: "give `policy`: the origins and packages that are trusted, as in SPEC §10.1",
    });
  }
  const verify = verifier();
  const policy = verify.parsePolicy(options.policy);
  const registry = new RegistryClient(options.registry);
  const memory = new Memory(verify, options.seen ?? memorySeen());
  const releases = new Releases(verify, registry, policy, memory, options.now ?? Date.now);
  const isolates = new Isolates(options.worker_loader, networkOf(options.exports));

  const current = (reference: Reference) => releases.get(askedBy(reference, verify));
  return {
    async load(reference, context = {}) {
      checkContext(context);
      return isolates.start(await current(reference), context);
    },
    async verdict(reference) {
      return (await current(reference)).closure[0];
    },
    async closure(reference) {
      return (await current(reference)).closure;
    },
  };
}
