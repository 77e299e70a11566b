// Packages that link others: published by the command, and loaded by the loader Worker in workerd, each by the policy.

import assert from "node:assert/strict";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { call } from "../support/client.js";
import { cidery } from "../support/command.js";
import { startRegistryWorker, startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { startWorker } from "../support/worker.js";

/** @typedef {{ url: string }} Reachable */

/** One counter: whoever gets another copy of the module counts anew. */
const BASE = { "index.js": "let count = 0; export const next = () => ++count;" };
const UTIL = {
  "index.js": 'import { next } from "base"; export const util = () => `util ${next()}`;',
  imports: 'base = "@acme/base@^1"',
};
const APP = {
  "index.js": `import { util } from "@acme/util";
    import { next } from "@acme/base";
    export default { fetch: () => new Response([util(), next(), util()].join()) };`,
  imports: '"@acme/util" = "^1"\n"@acme/base" = "1.0.0"',
};

/** A home with a key, against a registry. */
async function publisher(/** @type {Reachable} */ registry) {
  const home = await scratch();
  const run = async (/** @type {string[]} */ ...args) => {
    const env = { CIDERY_CONFIG: home.path, CI: "" };
    const { stdout, ...rest } = await cidery([...args, "--json", "--registry", registry.url], { env });
    return { ...rest, said: JSON.parse(stdout) };
  };
  const must = async (/** @type {string[]} */ ...args) => {
    const { code, said, stderr } = await run(...args);
    assert.equal(code, 0, `${args.join(" ")}\n${stderr}`);
    return said;
  };
  const { publicKey } = await must("keys", "new");
  const folder = async (/** @type {string} */ name, /** @type {string} */ version, /** @type {Record<string, string>} */ files) => {
    const { imports = "", ...sources } = files;
    const dir = join(home.path, name.replaceAll("/", "-"), version);
    const toml = `name = "${name}"\nversion = "${version}"\nentry = "index.js"\n[compatibility]\ndate = "2026-10-01"\n[imports]\n${imports}\n`;
    for (const [path, text] of Object.entries({ ...sources, "cidery.toml": toml })) {
      await mkdir(dirname(join(dir, path)), { recursive: true });
      await writeFile(join(dir, path), text);
    }
    return dir;
  };
  const publish = async (/** @type {string} */ name, /** @type {string} */ version, /** @type {Record<string, string>} */ files) =>
    must("publish", await folder(name, version, files));
  return { home, run, must, publicKey, folder, publish, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

/** A policy that trusts a key for packages. */
async function policyOf(/** @type {Reachable} */ registry, /** @type {string} */ key, /** @type {string[]} */ ...names) {
  const { origin, logKeys, cosigner } = (await call(`${registry.url}/v1/log`)).body;
  const rule = { origin, keys: [key] };
  const packages = Object.fromEntries(names.map((name) => [name, rule]));
  return { origins: { [origin]: { logKeys, cosigner } }, packages };
}

/** The loader Worker with a policy. */
const loading = async (/** @type {Reachable} */ registry, /** @type {object} */ policy) =>
  startWorker("examples/loader-worker/wrangler.jsonc", {
    vars: { REGISTRY: registry.url, POLICY: JSON.stringify(policy) },
  });

/** Hands on what a registry says, but for what `instead` gives for a path. */
async function mirroring(/** @type {Reachable} */ registry, /** @type {(path: string) => Buffer | undefined} */ instead) {
  const server = createServer(async (request, response) => {
    const path = String(request.url);
    const own = instead(decodeURIComponent(path));
    if (own !== undefined) return void response.end(own);
    const answer = await fetch(registry.url + path);
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", () => listening(undefined)));
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const stop = async () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: stop };
}

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  test(`through the ${host}: what several link is there once, by whoever it is reached`, async () => {
    await using registry = await start();
    await using author = await publisher(registry);
    const base = await author.publish("@acme/base", "1.0.0", BASE);
    const util = await author.publish("@acme/util", "1.0.0", UTIL);
    const app = await author.publish("@acme/app", "1.0.0", APP);

    const verified = await author.must("verify", "@acme/app@^1");
    const linked = verified.linked.map((/** @type {any} */ verdict) => [verdict.package, verdict.version, verdict.manifest]);
    assert.deepEqual(linked.sort(), [
      ["@acme/base", "1.0.0", base.manifest],
      ["@acme/util", "1.0.0", util.manifest],
    ]);
    const out = join(author.home.path, "out");
    await author.must("fetch", "@acme/app@^1", "--out", out);
    assert.deepEqual((await readdir(out)).sort(), [app.manifest, base.manifest, util.manifest].sort());
    const code = await readFile(join(out, app.manifest, "index.js"), "utf8");
    assert.ok(code.includes(`../${util.manifest}/index.js`) && code.includes(`../${base.manifest}/index.js`), code);

    await using loader = await loading(registry, await policyOf(registry, author.publicKey, "@acme/*"));
    const answer = await fetch(`${loader.url}/acme/app/1.0.0/`);
    assert.equal(await answer.text(), "util 1,2,util 3", "one counter for all");
    assert.equal(await (await fetch(`${loader.url}/acme/app/1.0.0/`)).text(), "util 4,5,util 6");
  });
}

test("the policy judges what is linked, too: a rule for each, and nothing that is void", async () => {
  await using registry = await startServer();
  await using author = await publisher(registry);
  await author.publish("@acme/base", "1.0.0", BASE);
  await author.publish("@acme/util", "1.0.0", UTIL);
  await author.publish("@acme/app", "1.0.0", APP);

  {
    await using loader = await loading(registry, await policyOf(registry, author.publicKey, "@acme/app", "@acme/util"));
    const refused = await call(`${loader.url}/acme/app/1.0.0/`);
    assert.equal(refused.code, "policy.no_rule");
    assert.match(refused.body.error.message, /@acme\/base 1\.0\.0, which @acme\/(app|util) 1\.0\.0 links/);
  }
  const policy = await policyOf(registry, author.publicKey, "@acme/*");
  const file = join(author.home.path, "narrow.json");
  await writeFile(file, JSON.stringify(await policyOf(registry, author.publicKey, "@acme/app", "@acme/util")));
  const { code, said, stderr } = await author.run("verify", "@acme/app@1.0.0", "--policy", file);
  assert.deepEqual([code, said.error.code], [1, "policy.no_rule"]);
  assert.match(stderr, /cannot link `@acme\/base@1\.0\.0`/);

  // A yank breaks nothing that is pinned, and is said.
  await author.must("yank", "@acme/base@1.0.0", "--severity", "high", "--reason", "security");
  const verified = await author.must("verify", "@acme/app@1.0.0");
  const base = verified.linked.find((/** @type {any} */ verdict) => verdict.package === "@acme/base");
  assert.equal(base.yanked.severity, "high");
  {
    await using loader = await loading(registry, policy);
    assert.equal((await fetch(`${loader.url}/acme/app/1.0.0/`)).status, 200);
  }

  // A stolen key does.
  const other = join(author.home.path, "other");
  const { publicKey } = await author.must("keys", "new", "--out", other);
  await author.must("keys", "revoke", "@acme/base", author.publicKey, "--add", publicKey, "--yes");
  await using loader = await loading(registry, policy);
  assert.equal((await call(`${loader.url}/acme/app/1.0.0/`)).code, "release.void");
});

test("a byte that is altered in what is linked is refused, and nothing runs", async () => {
  await using data = await scratch();
  await using registry = await startServer({ data: data.path });
  await using author = await publisher(registry);
  await author.publish("@acme/base", "1.0.0", BASE);
  await author.publish("@acme/util", "1.0.0", UTIL);
  await author.publish("@acme/app", "1.0.0", APP);
  const { modules } = await author.must("verify", "@acme/base@1.0.0");
  const stored = (await registry.listing()).map((line) => line.split(" ")[0]).find((path) => path.includes(modules[0].cid));
  const file = join(data.path, String(stored));
  const bytes = await readFile(file);
  bytes[0] ^= 1;
  await rm(file);
  await writeFile(file, bytes);
  await using loader = await loading(registry, await policyOf(registry, author.publicKey, "@acme/*"));
  assert.equal((await call(`${loader.url}/acme/app/1.0.0/`)).code, "cid.mismatch");
});

test("T06: what is linked is shown by no older head than the package itself", async () => {
  await using registry = await startServer();
  await using author = await publisher(registry);
  await author.publish("@acme/base", "1.0.0", BASE);
  const old = await fetch(`${registry.url}/v1/packages/@acme/base/resolve?version=1.0.0`);
  const remembered = Buffer.from(await old.arrayBuffer());
  await author.publish("@acme/util", "1.0.0", UTIL);

  // A mirror that shows the new head of one package, and of the other what was so before.
  await using mirror = await mirroring(registry, (path) => (path.startsWith("/v1/packages/@acme/base/resolve") ? remembered : undefined));
  const policy = await policyOf(registry, author.publicKey, "@acme/*");
  await using loader = await loading(mirror, policy);
  assert.equal((await call(`${loader.url}/acme/util/1.0.0/`)).code, "log.rollback");
  const file = join(author.home.path, "policy-of-both.json");
  await writeFile(file, JSON.stringify(policy));
  const env = { CIDERY_CONFIG: join(author.home.path, "fresh") };
  const args = ["verify", "@acme/util@1.0.0", "--policy", file, "--json", "--registry", mirror.url];
  const { code, stdout } = await cidery(args, { env });
  assert.deepEqual([code, JSON.parse(stdout).error.code], [1, "log.rollback"]);
});

test("an imported npm package is linked like any other, CommonJS by its names, and wants its flags", async () => {
  await using registry = await startServer();
  await using author = await publisher(registry);
  await author.must("import", "npm:he@1.2.0");
  await author.must("import", "npm:hono@4.13.19");
  await author.must("import", "npm:safe-buffer@5.2.1");
  const app = {
    "index.js": `import { encode } from "he";
      import he from "he";
      import { Hono } from "hono";
      import { etag } from "hono/etag";
      const app = new Hono().use(etag()).get("/", (c) => c.text(encode("<a>") + he.decode("&lt;b&gt;")));
      export default app;`,
    imports: 'he = "@npm/he@^1"\nhono = "@npm/hono@^4"',
  };
  const published = await author.publish("@acme/app", "1.0.0", app);
  const { said } = await author.run("import", "npm:he@1.2.0");
  assert.equal(said.unchanged, true, "imported again, nothing happens");
  const flags = { "index.js": 'import { Buffer } from "safe-buffer"; export default Buffer;', imports: 'safe-buffer = "@npm/safe-buffer@^5"' };
  const refused = await author.run("publish", await author.folder("@acme/flagless", "1.0.0", flags));
  assert.deepEqual([refused.code, refused.said.error.code], [2, "usage"]);
  assert.match(refused.said.error.message, /`@npm\/safe-buffer` 5\.2\.1 needs `nodejs_compat`/);

  await using loader = await loading(registry, await policyOf(registry, author.publicKey, "@acme/*", "@npm/*"));
  const answer = await fetch(`${loader.url}/acme/app/1.0.0/`);
  assert.equal(await answer.text(), "&#x3C;a&#x3E;<b>");
  assert.ok(answer.headers.get("etag"));
  const fetched = await author.must("fetch", published.manifest, "--out", join(author.home.path, "app"));
  assert.equal(fetched.linked.length, 2);
  assert.ok(fetched.modules[0].size < 2_000, "its own code alone");
});
