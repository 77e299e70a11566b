// A Worker that serves packages from isolates: GET /<scope>/<name>/<range>/… is answered by @scope/name in that range.

import { CideryError, type Loader, type PolicyDocument, createLoader } from "@cidery/loader";

export { Egress } from "@cidery/loader";

interface Env {
  LOADER: WorkerLoader;
  REGISTRY: string;
  /** As JSON, or as its text. */
  POLICY: PolicyDocument | string;
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
        policy: policyOf(env),
        worker_loader: env.LOADER,
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

function policyOf({ POLICY }: Env): PolicyDocument {
  if (typeof POLICY !== "string") return POLICY;
  try {
    return JSON.parse(POLICY);
  } catch (cause) {
    throw new CideryError("policy.invalid", `POLICY is not JSON: ${cause}`, { cause });
  }
}

/** `/acme/hello/%5E1/greet` is the package `@acme/hello@^1` and, inside of it, the path `/greet`. */
function route(pathname: string): { reference: string; path: string } {
  const [, scope, name, range, ...rest] = pathname.split("/");
  if (!scope || !name || !range) {
    throw new CideryError("request.malformed", "no package is named", {
      hint: "ask for /<scope>/<name>/<range>/…, such as /acme/hello/^1/",
    });
  }
  try {
    const [decodedScope, decodedName, decodedRange] = [scope, name, range].map(decodeURIComponent);
    return { reference: `@${decodedScope}/${decodedName}@${decodedRange}`, path: `/${rest.join("/")}` };
  } catch (cause) {
    throw new CideryError("request.malformed", "the path is not percent-encoded UTF-8", { cause });
  }
}

/** What the asker did wrong, by code; whatever else is refused is the registry's doing. */
const STATUS: Record<string, number> = {
  "request.malformed": 400,
  "name.malformed": 400,
  "range.malformed": 400,
  "policy.no_rule": 403,
  not_found: 404,
  "release.void": 410,
  "release.yanked": 410,
  "policy.missing": 500,
  "policy.invalid": 500,
  usage: 500,
  environment: 500,
  internal: 500,
};

function refusal(error: unknown): Response {
  const { code, message, hint } =
    error instanceof CideryError
      ? error
      : { code: "internal", message: error instanceof Error ? error.message : String(error), hint: undefined };
  const body = { error: { code, message, ...(hint !== undefined && { hint }) } };
  return Response.json(body, { status: STATUS[code] ?? 502 });
}
