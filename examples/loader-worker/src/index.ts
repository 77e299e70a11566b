// A Worker that serves packages from isolates: GET /<scope>/<name>/<range>/… is answered by @scope/name in that range, and
// GET /<scope>/<name>/:<channel>/… by what the channel names.

import { CideryError, type Loader, type PolicyDocument, SeenObject, createLoader, durableObjectSeen, memorySeen } from "@cidery/loader";

export { Egress } from "@cidery/loader";
export { SeenObject };

interface Env {
  LOADER: WorkerLoader;
  REGISTRY: string;
  /** As JSON, or as its text. */
  POLICY: PolicyDocument | string;
  /** Where what was seen is kept; without it, in memory. */
  SEEN?: DurableObjectNamespace<SeenObject>;
}

/** It remembers what was verified, and serves all requests. */
let loader: Loader | undefined;

export default {
  async fetch(request: Request, env: Env, ctx: ExecutionContext): Promise<Response> {
    let stub: WorkerStub;
    const url = new URL(request.url);
    try {
      loader ??= createLoader({
        registry: env.REGISTRY,
        policy: env.POLICY,
        worker_loader: env.LOADER,
        seen: env.SEEN ? durableObjectSeen(env.SEEN) : memorySeen(),
        exports: ctx.exports,
      });
      const { reference, path } = route(url.pathname);
      stub = await loader.load(reference);
      url.pathname = path;
    } catch (error) {
      return refusal(error);
    }
    return stub.getEntrypoint().fetch(new Request(url, request));
  },
} satisfies ExportedHandler<Env>;

/** `/acme/hello/%5E1/greet` is the package `@acme/hello@^1` and, inside of it, the path `/greet`; `/acme/hello/:stable/` is `@acme/hello:stable`. */
function route(pathname: string): { reference: string; path: string } {
  const [, scope, name, wanted, ...rest] = pathname.split("/");
  if (!scope || !name || !wanted) {
    throw new CideryError("request.malformed", "no package is named", {
      hint: "ask for /<scope>/<name>/<range>/… or /<scope>/<name>/:<channel>/…, such as /acme/hello/^1/",
    });
  }
  return { reference: `@${decoded(scope)}/${decoded(name)}${separated(decoded(wanted))}`, path: `/${rest.join("/")}` };
}

const separated = (wanted: string): string => (wanted.startsWith(":") ? wanted : `@${wanted}`);

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch (cause) {
    throw new CideryError("request.malformed", "the path is not percent-encoded UTF-8", { cause });
  }
}

/** What the asker did wrong, by code; whatever else is refused is the registry's doing. */
const STATUS: Record<string, number> = {
  "request.malformed": 400,
  "name.malformed": 400,
  "range.malformed": 400,
  "channel.malformed": 400,
  "policy.no_rule": 403,
  "policy.channel": 403,
  not_found: 404,
  "release.void": 410,
  "release.yanked": 410,
  "policy.missing": 500,
  "policy.invalid": 500,
  usage: 500,
  environment: 500,
  internal: 500,
  "storage.failed": 503,
};

function refusal(error: unknown): Response {
  const { code, message, hint } =
    error instanceof CideryError
      ? error
      : { code: "internal", message: error instanceof Error ? error.message : String(error), hint: undefined };
  const body = { error: { code, message, ...(hint !== undefined && { hint }) } };
  return Response.json(body, { status: STATUS[code] ?? 502 });
}
