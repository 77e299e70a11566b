// Packages of a Cidery registry in Dynamic Workers: nothing runs that the policy does not allow, or that has not been verified.

import { type PolicyDocument, type Request, verifier } from "@cidery/verifier";

import { networkOf } from "./egress.ts";
import { CideryError } from "./errors.ts";
import { type Context, Isolates, checkContext } from "./isolate.ts";
import { type Registry, RegistryClient } from "./registry.ts";
import { Releases } from "./resolve.ts";

export { CideryError };
export { Egress } from "./egress.ts";
export type { Context, PolicyDocument, Registry };

/** What a loader needs. */
export interface LoaderOptions {
  /** Where releases are read: an address, a service binding, or a function like `fetch`. It is trusted with nothing. */
  registry: Registry;
  /** Whom to trust (SPEC §10.1). */
  policy: PolicyDocument;
  /** The Worker Loader binding. */
  worker_loader: WorkerLoader;
  /** `ctx.exports`, with {@link Egress} in it: needed where the policy grants network. */
  exports?: unknown;
  /** The clock, in milliseconds since 1970. */
  now?: () => number;
}

/** An entry of a lock: exactly this code. */
export interface LockEntry {
  name: string;
  version: string;
  /** CID of the manifest. */
  cid: string;
}

/** Loads packages. One of it serves all requests of a Worker: it remembers what was verified, and until when. */
export interface Loader {
  /**
   * The isolate of a release: `@scope/name@range`, `@scope/name@version`, or an entry of a lock. While the verdict holds and
   * the isolate has started, this asks nobody.
   */
  load(reference: string | LockEntry, context?: Context): Promise<WorkerStub>;
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
  const releases = new Releases(verify, registry, policy, options.now ?? Date.now);
  const isolates = new Isolates(options.worker_loader, networkOf(options.exports));

  const requestOf = (reference: string | LockEntry): Request =>
    typeof reference === "string"
      ? verify.parseReference(reference)
      : { package: reference.name, version: reference.version, manifest: reference.cid };

  return {
    async load(reference, context = {}) {
      checkContext(context);
      const key = typeof reference === "string" ? reference : `${reference.name}@${reference.version}#${reference.cid}`;
      const release = releases.current(key) ?? (await releases.refresh(key, requestOf(reference)));
      return isolates.start(release, context);
    },
  };
}
