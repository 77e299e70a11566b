// From a verified release to an isolate that has started.

import { mainOf } from "./closure.ts";
import { CideryError, usage } from "./errors.ts";
import type { Network } from "./egress.ts";
import { Flights } from "./flights.ts";
import { Recent } from "./recent.ts";
import type { Release } from "./resolve.ts";

/** For whom an isolate runs, and with what. */
export interface Context {
  /** Who may share the isolate; without one, everybody who loads the same code with the same rights. */
  tenant?: string;
  /** What the code finds in `env`. It needs a tenant and an `envKey`. */
  env?: Record<string, unknown>;
  /** Changes whenever `env` does. */
  envKey?: string;
}

/** Isolates whose start is remembered. */
const ISOLATES = 1_000;
/** How often a failed start is tried again. */
const RETRIES = 3;

/** A start that went well, by the name of its isolate, or one that did not. */
type Start = { name: string } | { failure: CideryError };

/**
 * Starts isolates by their ids (SPEC §10.6).
 *
 * An id whose start has failed stays failed in the runtime, so that a retry needs another name: the id and a number. When all
 * have failed, the failure itself is remembered.
 */
export class Isolates {
  readonly #loader: WorkerLoader;
  readonly #network: Network;
  readonly #starts = new Recent<string, Start>(ISOLATES);
  readonly #running = new Flights<Start>();

  constructor(loader: WorkerLoader, network: Network) {
    this.#loader = loader;
    this.#network = network;
  }

  /** The isolate, started at need. */
  async start(release: Release, context: Context): Promise<WorkerStub> {
    const id = idOf(release, context);
    const start = this.#starts.get(id) ?? (await this.#running.join(id, () => this.#attempt(id, release, context)));
    if ("failure" in start) throw start.failure;
    return this.#get(start.name, release, context);
  }

  async #attempt(id: string, release: Release, context: Context): Promise<Start> {
    const [verdict] = release.closure;
    this.#network(verdict.egress); // a missing filter is the caller's mistake, and no failed start
    let cause: unknown;
    for (let retry = 0; retry <= RETRIES; retry++) {
      const name = retry === 0 ? id : `${id}.${retry}`;
      try {
        await started(this.#get(name, release, context));
        return this.#remember(id, { name });
      } catch (error) {
        cause = error;
      }
    }
    const { package: name, version } = verdict;
    const message = `${name} ${version} does not start: ${cause instanceof Error ? cause.message : String(cause)}`;
    return this.#remember(id, { failure: new CideryError("isolate.failed", message, { cause }) });
  }

  #remember(id: string, start: Start): Start {
    this.#starts.set(id, start);
    return start;
  }

  #get(name: string, { closure, modules }: Release, { env }: Context): WorkerStub {
    const [verdict] = closure;
    const { compatibility, needs } = verdict.manifest;
    return this.#loader.get(name, () => ({
      compatibilityDate: compatibility.date,
      compatibilityFlags: compatibility.flags,
      mainModule: mainOf(closure),
      modules: modules(),
      env: env ?? {},
      globalOutbound: this.#network(verdict.egress),
      ...limits(needs.limits),
    }));
  }
}

/** Refuses an environment that could leak from one tenant to another. */
export function checkContext({ tenant, env, envKey }: Context): void {
  if (env === undefined || Object.keys(env).length === 0) return;
  if (!tenant || !envKey) {
    throw usage(
      "an `env` needs a `tenant` and an `envKey`",
      "give the tenant's name, and an envKey that changes whenever the env does",
    );
  }
}

/** The manifest names all that it links, so its CID stands for them, too. */
function idOf({ closure: [verdict] }: Release, { tenant, envKey }: Context): string {
  return verdict.isolateId({ ...(tenant && { tenant }), ...(envKey && { envKey }) });
}

function limits({ cpuMs, subrequests }: { cpuMs?: number; subrequests?: number }): { limits?: workerdResourceLimits } {
  if (cpuMs === undefined && subrequests === undefined) return {};
  return {
    limits: {
      ...(cpuMs !== undefined && { cpuMs }),
      ...(subrequests !== undefined && { subRequests: subrequests }),
    },
  };
}

/** No module exports this, so that asking for it starts the isolate and calls nothing in it. */
const NO_ENTRYPOINT = "cidery:none";
/**
 * What the runtime says, and nothing that runs inside of an isolate. Where its words are others, the caller's own first call
 * shows the failure, without retries.
 */
const FAILED = /^Failed to start Worker/;

/** Makes the isolate start; throws the runtime's reason where it does not. */
async function started(stub: WorkerStub): Promise<void> {
  try {
    await (stub.getEntrypoint(NO_ENTRYPOINT) as unknown as { probe(): Promise<void> }).probe();
  } catch (error) {
    if (error instanceof Error && FAILED.test(error.message)) throw error;
  }
}
