// The network of an isolate: exactly the hosts that were granted, and nothing where none were.

import { WorkerEntrypoint } from "cloudflare:workers";

import { usage } from "./errors.ts";
import { isGranted } from "./hosts.ts";

/** The hosts that an isolate may reach, `host` or `host:port`. */
export interface EgressProps {
  hosts: string[];
}

/**
 * Passes a request on where its host was granted. A host without a port stands for https on 443; one with a port for http and
 * https there. Redirects go back to the isolate, which asks again for where they lead.
 *
 * The main module of the loader's Worker exports this class, so that `ctx.exports` has it.
 */
export class Egress extends WorkerEntrypoint<unknown, EgressProps> {
  override async fetch(request: Request): Promise<Response> {
    if (!isGranted(request.url, this.ctx.props.hosts)) {
      throw new Error(`the network is closed to ${new URL(request.url).host}`);
    }
    return fetch(request, { redirect: "manual" });
  }
}

/** Makes the network of an isolate. */
export type Network = (hosts: string[]) => Fetcher | null;

/** The network by the {@link Egress} of `ctx.exports`. */
export function networkOf(exports: unknown): Network {
  return (hosts) => {
    if (hosts.length === 0) return null;
    const { Egress: entrypoint } = (exports ?? {}) as { Egress?: (options: { props: EgressProps }) => Fetcher };
    if (entrypoint === undefined) {
      throw usage(
        `network to ${hosts.join(", ")} is granted, and there is nothing to filter it`,
        'give createLoader `exports: ctx.exports`, and `export { Egress } from "@cidery/loader"` from the main module',
      );
    }
    return entrypoint({ props: { hosts } });
  };
}
