// The whole way on both registries: a folder is published by the command, and the loader Worker runs it in workerd.

import assert from "node:assert/strict";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { call } from "../support/client.js";
import { cidery, python } from "../support/command.js";
import { startRegistryWorker, startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { root, startWorker } from "../support/worker.js";

/**
 * Runs the command, which must succeed, and reads the object that it prints.
 * @param {string} folder its configuration
 * @param {string[]} args
 */
async function run(folder, ...args) {
  const { code, stdout, stderr } = await cidery([...args, "--json"], { env: { CIDERY_CONFIG: folder, CI: "" } });
  assert.equal(code, 0, `${args.join(" ")}\n${stderr}\n${stdout}`);
  return JSON.parse(stdout);
}

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  describe(`from a folder to a verified isolate, through the ${host}`, () => {
    test("published, verified, run", async () => {
      await using registry = await start();
      await using home = await scratch();
      const at = ["--registry", registry.url];

      const key = await run(home.path, "keys", "new", "--out", join(home.path, "id_ed25519"));
      const hello = join(root, "examples/hello");
      const published = await run(home.path, "publish", hello, "--key", join(home.path, "id_ed25519"), ...at);
      const again = await run(home.path, "publish", hello, "--key", join(home.path, "id_ed25519"), ...at);
      assert.equal(again.manifest, published.manifest, "published twice, it is the same");
      const bundled = await run(home.path, "bundle", hello, "--out", join(home.path, "bundle"));
      assert.equal(bundled.manifest, published.manifest, "and bundled by itself, too");

      const policy = await policyFor(registry.url, key.publicKey);
      const policyFile = join(home.path, "policy.json");
      await writeFile(policyFile, JSON.stringify(policy));
      const verified = await run(home.path, "verify", "@acme/hello@^1", "--policy", policyFile, ...at);
      assert.equal(verified.manifest, published.manifest);
      const byCid = await run(home.path, "verify", published.manifest, "--policy", policyFile, ...at);
      assert.equal(byCid.package, "@acme/hello");

      // Somebody else's program comes to the same verdict.
      const script = join(root, "tests/independent/verify.py");
      const request = ["--package", "@acme/hello", "--range", "1.0.0", "--policy", policyFile];
      const independent = await python([script, ...at, ...request]);
      assert.equal(independent.code, 0, independent.stdout + independent.stderr);
      assert.equal(JSON.parse(independent.stdout).manifest, published.manifest);

      const vars = { REGISTRY: registry.url, POLICY: JSON.stringify(policy) };
      await using loader = await startWorker("examples/loader-worker/wrangler.jsonc", { vars });
      const get = async (/** @type {string} */ path) => {
        const response = await fetch(`${loader.url}/acme/hello/%5E1${path}`);
        return { status: response.status, text: await response.text() };
      };
      assert.deepEqual(await get("/"), { status: 200, text: "@acme/hello 1.0.0" });
      const greeting = await get("/greet?name=%20Ada%20");
      assert.deepEqual(JSON.parse(greeting.text), { greeting: "Hello, Ada!", version: "1.0.0" });
      // What only the real zod says of an empty name, and what only the real hono says of an unknown path.
      const refused = await get("/greet?name=");
      assert.equal(refused.status, 400);
      const [issue] = JSON.parse(refused.text).issues;
      assert.deepEqual([issue.code, issue.message, issue.path], ["too_small", "a name is wanted", ["name"]]);
      assert.deepEqual(await get("/nowhere"), { status: 404, text: "404 Not Found" });

      assert.equal((await call(`${loader.url}/evil/thing/1/`)).code, "policy.no_rule");
      const { status, body } = await call(`${loader.url}/acme/nothing/1/`);
      assert.equal(status, 404);
      assert.match(body.error.message, /^there is no @acme\/nothing: the log of \d+ entries proves it$/);
      await using rpc = await startWorker("tests/support/fixtures/rpc/wrangler.jsonc", { vars });
      const answers = (await call(`${rpc.url}/?name=Grace`)).body;
      assert.deepEqual(answers, { greeting: "Hello, Grace!", refused: true }, "an RPC entry point of the same isolate");
    });
  });
}

test("one byte altered in the server's store is refused, and nothing runs", async () => {
  await using data = await scratch();
  await using home = await scratch();
  const server = await startServer({ data: data.path });
  const at = ["--registry", server.url];
  const key = await run(home.path, "keys", "new", "--out", join(home.path, "id_ed25519"));
  const hello = join(root, "examples/hello");
  await run(home.path, "publish", hello, "--key", join(home.path, "id_ed25519"), ...at);
  const policy = await policyFor(server.url, key.publicKey);

  const manifest = await run(home.path, "fetch", "@acme/hello@^1", "--out", join(home.path, "fetched"), ...at);
  const [main] = manifest.modules;
  const listing = await server.listing();
  const stored = listing.map((line) => line.split(" ")[0]).find((path) => path.includes(main.cid));
  assert.ok(stored, `no file of ${main.cid} among\n${listing.join("\n")}`);
  const file = join(data.path, stored);
  const bytes = await readFile(file);
  bytes[bytes.length >> 1] ^= 1;
  await rm(file);
  await writeFile(file, bytes);

  const vars = { REGISTRY: server.url, POLICY: JSON.stringify(policy) };
  await using loader = await startWorker("examples/loader-worker/wrangler.jsonc", { vars });
  assert.equal((await call(`${loader.url}/acme/hello/%5E1/`)).code, "cid.mismatch");
  const command = await cidery(["verify", "@acme/hello@^1", "--json", ...at], { env: { CIDERY_CONFIG: home.path } });
  assert.equal(command.code, 1);
  assert.equal(JSON.parse(command.stdout).error.code, "cid.mismatch");
  await server.stop();
});

test("examples/hello is one CID, wherever and with however many threads it is bundled", async () => {
  await using home = await scratch();
  const folders = [join(home.path, "one"), join(home.path, "zwei und ändere")];
  const cids = new Set();
  for (const [at, folder] of folders.entries()) {
    await cp(join(root, "examples/hello"), folder, {
      recursive: true,
      filter: (path) => !path.includes("node_modules"),
    });
    for (const threads of ["1", "8"]) {
      const out = join(home.path, `out-${at}-${threads}`);
      const env = { CIDERY_CONFIG: home.path, CIDERY_THREADS: threads, TZ: at === 0 ? "UTC" : "Asia/Tokyo" };
      const { code, stdout, stderr } = await cidery(["bundle", folder, "--out", out, "--json"], { env });
      assert.equal(code, 0, stderr);
      cids.add(JSON.parse(stdout).manifest);
    }
  }
  assert.equal(cids.size, 1, [...cids].join(" "));
});

/**
 * @param {string} url
 * @param {string} publisher
 */
async function policyFor(url, publisher) {
  const { origin, logKeys, cosigner } = (await call(`${url}/v1/log`)).body;
  return {
    origins: { [origin]: { logKeys, cosigner } },
    packages: { "@acme/*": { origin, keys: [publisher] } },
  };
}
