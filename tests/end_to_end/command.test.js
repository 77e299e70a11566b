// What a person sees of it: `cidery run` in real workerd, and `cidery demo`, by the command with its loader inside.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";

import { cidery, cideryPath } from "../support/command.js";
import { start } from "../support/process.js";
import { startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { root } from "../support/worker.js";

/** The workerd that npm has brought already, where it has one for this platform. */
const workerd = join(root, `node_modules/@cloudflare/workerd-${process.platform}-64/bin/workerd`);
const environment = (/** @type {string} */ config) => ({
  CIDERY_CONFIG: config,
  CI: "",
  ...(process.arch === "x64" && process.platform === "linux" && { CIDERY_WORKERD: workerd }),
});

test("cidery run serves the package's own paths and methods, and ends when it is told to", async () => {
  await using registry = await startServer();
  await using home = await scratch();
  const env = { ...environment(home.path), CIDERY_REGISTRY: registry.url };
  for (const args of [["keys", "new"], ["publish", join(root, "examples/hello")]]) {
    const { code, stderr } = await cidery(args, { env });
    assert.equal(code, 0, stderr);
  }
  const manifest = JSON.parse((await cidery(["verify", "@acme/hello@^1", "--json"], { env })).stdout).manifest;
  for (const reference of ["@acme/hello@^1", "@acme/hello@1.0.0", manifest]) {
    const args = ["run", reference, "--listen", "127.0.0.1:0"];
    const running = await start(cideryPath(), args, { ready: /listening on (http:\/\/127\.0\.0\.1:\d+)/, env });
    const url = running.ready[1];
    assert.equal(await (await fetch(`${url}/`)).text(), "@acme/hello 1.0.0");
    assert.deepEqual(await (await fetch(`${url}/greet?name=Ada`)).json(), { greeting: "Hello, Ada!", version: "1.0.0" });
    assert.equal((await fetch(`${url}/`, { method: "POST", body: "x" })).status, 404, "hono knows no POST here");
    await running.stop();
    assert.equal(running.child.exitCode, 0);
    await assert.rejects(fetch(url), "workerd is gone, too");
  }
});

test("cidery run serves what a channel names for a bucket, and what a lock holds", async () => {
  await using registry = await startServer();
  await using home = await scratch();
  const env = { ...environment(home.path), CIDERY_REGISTRY: registry.url };
  const lock = join(home.path, "cidery.lock");
  /** @param {string[]} args */
  const run = async (...args) => {
    const { code, stdout, stderr } = await cidery([...args, "--json"], { env });
    assert.equal(code, 0, stderr + stdout);
    return JSON.parse(stdout);
  };
  await run("keys", "new");
  const source = join(home.path, "source");
  await mkdir(source);
  for (const version of ["1.0.0", "1.1.0"]) {
    await writeFile(join(source, "index.js"), `export default { fetch: () => new Response("${version}") };\n`);
    const toml = `name = "@acme/parts"\nversion = "${version}"\nentry = "index.js"\n[compatibility]\ndate = "2026-10-01"\n`;
    await writeFile(join(source, "cidery.toml"), toml);
    await run("publish", source);
    if (version === "1.0.0") await run("lock", "@acme/parts@*", "--out", lock);
  }
  await run("channel", "set", "@acme/parts:stable", "1.0.0", "1.1.0=50%");
  const known = JSON.parse(await readFile(join(home.path, "trust.json"), "utf8"));
  known.packages["@acme/parts"].channels = ["stable"];
  await writeFile(join(home.path, "policy.json"), JSON.stringify(known));
  /** @param {string[]} args */
  const served = async (...args) => {
    const listen = ["run", ...args, "--listen", "127.0.0.1:0"];
    const running = await start(cideryPath(), listen, { ready: /listening on (http:\/\/127\.0\.0\.1:\d+)/, env });
    const text = await (await fetch(running.ready[1])).text();
    await running.stop();
    return text;
  };
  assert.equal(await served("@acme/parts:stable", "--bucket", "0"), "1.0.0");
  assert.equal(await served("@acme/parts:stable", "--bucket", "9999"), "1.1.0");
  assert.equal(await served("@acme/parts@*"), "1.1.0");
  assert.equal(await served("@acme/parts@*", "--lock", lock), "1.0.0", "T10 a lock decides");
});

test("cidery run starts nothing that the policy does not allow", async () => {
  await using registry = await startServer();
  await using home = await scratch();
  const env = { ...environment(home.path), CIDERY_REGISTRY: registry.url };
  await cidery(["keys", "new"], { env });
  await cidery(["publish", join(root, "examples/hello")], { env });
  await writeFile(join(home.path, "policy.json"), JSON.stringify({ origins: {}, packages: {} }));
  const refused = await cidery(["run", "@acme/hello@^1", "--json"], { env });
  assert.equal(refused.code, 1, "it ends, and does not listen");
  assert.equal(JSON.parse(refused.stdout).error.code, "policy.no_rule");
});

test("cidery run fetches workerd once, and runs no other bytes than the pinned ones", async () => {
  await using registry = await startServer();
  await using home = await scratch();
  await using cache = await scratch();
  const env = { CIDERY_CONFIG: home.path, CI: "", CIDERY_REGISTRY: registry.url };
  for (const args of [["keys", "new"], ["publish", join(root, "examples/hello")]]) {
    const { code, stderr } = await cidery(args, { env });
    assert.equal(code, 0, stderr);
  }
  const fetching = { ...env, CIDERY_CACHE: cache.path, CIDERY_WORKERD: "" };
  /** Runs the package with the cached workerd, or with one that is fetched first. */
  const served = async () => {
    const args = ["run", "@acme/hello@^1", "--listen", "127.0.0.1:0"];
    const running = await start(cideryPath(), args, { ready: /listening on (http:\/\/127\.0\.0\.1:\d+)/, env: fetching });
    assert.equal(await (await fetch(`${running.ready[1]}/`)).text(), "@acme/hello 1.0.0");
    await running.stop();
    const executable = await onlyFile(join(cache.path, "workerd"));
    const { ino, mtimeMs } = await stat(executable);
    return { fetched: running.log.some((line) => line.includes("fetching workerd")), file: { executable, ino, mtimeMs } };
  };

  const first = await served();
  assert.equal(first.fetched, true);
  assert.deepEqual(await served(), { ...first, fetched: false }, "the very same file");

  // What is wrong in the cache is fetched again; what a registry sends in its place is refused.
  const archive = await onlyFile(join(cache.path, "npm/archives"));
  const bytes = await readFile(archive);
  const sound = await readFile(first.file.executable);
  bytes[bytes.length >> 1] ^= 1;
  await writeFile(archive, bytes);
  await rm(join(cache.path, "workerd"), { recursive: true });
  const wrong = createServer((_, response) => response.end(bytes)).listen(0, "127.0.0.1");
  await once(wrong, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (wrong.address());
  const misled = { ...fetching, npm_config_registry: `http://127.0.0.1:${port}/` };
  const refused = await cidery(["run", "@acme/hello@^1", "--json"], { env: misled });
  wrong.close();
  assert.equal(refused.code, 1, refused.stderr);
  assert.match(JSON.parse(refused.stdout).error.message, /workerd-\S+ does not match its integrity/);
  await assert.rejects(onlyFile(join(cache.path, "workerd")), { code: "ENOENT" });

  assert.equal((await served()).fetched, true);
  assert.ok(sound.equals(await readFile(first.file.executable)));
});

for (const args of [["demo"], ["demo", join(root, "examples/hello")]]) {
  test(`cidery ${args.length > 1 ? "demo examples/hello" : "demo"} ends by itself, with the refusal shown`, async () => {
    await using home = await scratch();
    const { code, stdout, stderr } = await cidery([...args, "--json"], { env: environment(home.path) });
    assert.equal(code, 0, stderr + stdout);
    const { steps, refusal } = JSON.parse(stdout);
    assert.equal(refusal, "cid.mismatch");
    assert.match(steps.at(-3).outcome, /Hello, Cidery!/);
    assert.match(steps.at(-1).outcome, /"code":"cid\.mismatch"/);
  });
}

/** The path of the one file below a folder. @param {string} folder */
async function onlyFile(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  assert.equal(files.length, 1, `${folder} holds ${files.map(({ name }) => name)}`);
  return join(files[0].parentPath, files[0].name);
}
