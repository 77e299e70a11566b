// Each path does one kind of work, `n` times. The time is taken outside: inside of workerd the clock stands still between
// requests to others.

import { createLoader, type Loader, type PolicyDocument } from "@cidery/loader";
import { verifier, type Policy, type Verdict } from "@cidery/verifier";

interface Env {
  LOADER: WorkerLoader;
  REGISTRY: string;
  POLICY: string;
}

interface Package {
  resolution: Uint8Array;
  manifest: Uint8Array;
  modules: Map<string, Uint8Array>;
}

type Work = (env: Env, name: string, query: URLSearchParams) => Promise<Response>;

const packages = new Map<string, Package>();
let remembering: Loader | undefined;
let policy: Policy | undefined;

/** The bytes of a package, from the registry once. */
async function packageOf(env: Env, name: string): Promise<Package> {
  let known = packages.get(name);
  if (known === undefined) {
    known = await fetchPackage(env, name);
    packages.set(name, known);
  }
  return known;
}

/** What an unchecked loader would ask for: the release of a name, its manifest, its modules. */
async function fetchPackage(env: Env, name: string): Promise<Package> {
  const bytes = async (path: string) => new Uint8Array(await (await fetch(`${env.REGISTRY}/v1/${path}`)).arrayBuffer());
  const index = (await (await fetch(`${env.REGISTRY}/v1/packages/${name}`)).json()) as {
    releases: { manifest: string }[];
  };
  const cid = index.releases[0]!.manifest;
  const [resolution, manifest] = await Promise.all([
    bytes(`packages/${name}/resolve?range=*`),
    bytes(`manifests/${cid}`),
  ]);
  const verdict = verdictOf(env, name, resolution, manifest);
  const modules = verdict.manifest.modules.map(async ({ path, cid }) => [path, await bytes(`blobs/${cid}`)] as const);
  return { resolution, manifest, modules: new Map(await Promise.all(modules)) };
}

function verdictOf(env: Env, name: string, resolution: Uint8Array, manifest: Uint8Array): Verdict {
  const verify = verifier();
  policy ??= verify.parsePolicy(JSON.parse(env.POLICY));
  const now = Math.floor(Date.now() / 1000);
  const request = { package: name, range: "*" };
  return verify.prove(policy, request, resolution, verify.rememberNothing(), now).verify(manifest);
}

const codeOf = (modules: Map<string, Uint8Array>): WorkerLoaderWorkerCode => ({
  mainModule: "index.js",
  compatibilityDate: "2026-10-01",
  globalOutbound: null,
  modules: Object.fromEntries([...modules].map(([path, bytes]) => [path, { js: new TextDecoder().decode(bytes) }])),
});

const respond = async (stub: WorkerStub) => {
  const response = await stub.getEntrypoint().fetch("http://package/");
  return new Response(await response.text());
};

const loaderOf = (env: Env) =>
  createLoader({
    registry: env.REGISTRY,
    policy: JSON.parse(env.POLICY) as PolicyDocument,
    worker_loader: env.LOADER,
  });

const WORK: Record<string, Work> = {
  async prepare(env, name) {
    await packageOf(env, name);
    return new Response("ready");
  },
  async verify(env, name, query) {
    const { resolution, manifest, modules } = await packageOf(env, name);
    for (let n = Number(query.get("n")); n > 0; n--) {
      const verdict = verdictOf(env, name, resolution, manifest);
      for (const [path, bytes] of modules) verdict.checkModule(path, bytes);
    }
    return new Response("verified");
  },
  async sha256(env, name, query) {
    const { modules } = await packageOf(env, name);
    for (let n = Number(query.get("n")); n > 0; n--) {
      for (const bytes of modules.values()) await crypto.subtle.digest("SHA-256", bytes);
    }
    return new Response("hashed");
  },
  /** From a name to the first response, by a loader that remembers nothing. */
  async coldChecked(env, name, query) {
    return respond(await loaderOf(env).load(`${name}@*`, { tenant: query.get("i") ?? "" }));
  },
  /** The same requests to the registry, no check. */
  async coldUnchecked(env, name, query) {
    const { REGISTRY } = env;
    const cid = query.get("manifest");
    const blobs = (query.get("blobs") ?? "").split(",");
    await (await fetch(`${REGISTRY}/v1/packages/${name}/resolve?range=*`)).arrayBuffer();
    await (await fetch(`${REGISTRY}/v1/manifests/${cid}`)).arrayBuffer();
    const modules = blobs.map(async (blob) => {
      const [path, cid] = blob.split("=") as [string, string];
      return [path, new Uint8Array(await (await fetch(`${REGISTRY}/v1/blobs/${cid}`)).arrayBuffer())] as const;
    });
    const code = codeOf(new Map(await Promise.all(modules)));
    return respond(env.LOADER.get(`unchecked-${query.get("i")}`, () => code));
  },
  /** Modules that are there already, no check: what Worker Loader alone takes. */
  async coldReady(env, name, query) {
    const { modules } = await packageOf(env, name);
    return respond(env.LOADER.get(`ready-${query.get("i")}`, () => codeOf(modules)));
  },
  async warmChecked(env, name, query) {
    remembering ??= loaderOf(env);
    for (let n = Number(query.get("n")); n > 0; n--) await respond(await remembering.load(`${name}@*`));
    return new Response("called");
  },
  async warmUnchecked(env, name, query) {
    const { modules } = await packageOf(env, name);
    for (let n = Number(query.get("n")); n > 0; n--) {
      await respond(env.LOADER.get("warm", () => codeOf(modules)));
    }
    return new Response("called");
  },
};

export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    const work = WORK[url.pathname.slice(1)];
    if (work === undefined) return new Response("no such work", { status: 404 });
    return work(env, url.searchParams.get("name") ?? "", url.searchParams);
  },
} satisfies ExportedHandler<Env>;
