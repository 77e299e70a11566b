// The loader library in real workerd, against a registry whose every byte is the test's.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";

import { moduleOf } from "../support/objects.js";
import { RANGE, WORD, start } from "./on.js";
import { MAX_AGE, START, policyOf } from "./static_registry.js";

test("a verified release answers, and its entry points too", async () => {
  await using on = await start();
  assert.deepEqual(await on.load(), { status: 200, text: WORD });
  const call = { reference: RANGE, entrypoint: "Greeter", method: "greet", args: ["you"] };
  assert.deepEqual(await on.ask("call", call), { value: "hello you" });
  assert.equal((await on.load({ reference: "@acme/hello@1.0.0" })).status, 200);
  const cid = String(on.registry.manifest.cid);
  assert.equal((await on.load({ reference: { name: "@acme/hello", version: "1.0.0", cid } })).status, 200);
});

test("after a defect of the verifier the next load works", async () => {
  await using on = await start();
  const answer = { status: 200, text: WORD };
  assert.deepEqual(await on.load(), answer);
  assert.equal((await on.ask("defect")).code, "internal");
  assert.deepEqual(await on.load(), answer);
});

test("a module of each kind arrives as what it is", async () => {
  const code = `
    import old from "./old.cjs"; import list from "./list.json"; import data from "./data.bin"; import math from "./math.wasm";
    const { exports } = new WebAssembly.Instance(math);
    export default { fetch: () => Response.json([old.answer, list, [...new Uint8Array(data)], Object.keys(exports)]) };`;
  await using on = await start({
    modules: [
      moduleOf("index.js", code),
      moduleOf("old.cjs", "exports.answer = 42;", "cjs"),
      moduleOf("list.json", '{ "a": [1] }', "json"),
      moduleOf("data.bin", Uint8Array.of(0xef, 0xbb, 0xbf, 0x80), "data"),
      moduleOf("math.wasm", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), "wasm"),
    ],
  });
  assert.deepEqual(JSON.parse((await on.load()).text), [42, { a: [1] }, [0xef, 0xbb, 0xbf, 0x80], []]);
});

test("a warm call asks nobody", async () => {
  await using on = await start();
  for (const count of ["1", "2", "3"]) assert.equal((await on.load({ path: "/count" })).text, count);
  assert.equal(on.registry.asked.length, 4, "resolution, manifest, two modules");
});

test("many first calls at once ask the registry once", async () => {
  await using on = await start();
  assert.deepEqual(await on.ask("together", { reference: RANGE, times: 20 }), { loaded: 20 });
  assert.equal(on.registry.asked.length, 4);
});

for (const [about, code, change] of /** @type {[string, string, (path: string, body: Buffer) => Buffer | undefined][]} */ ([
  ["a module's byte altered", "cid.mismatch", (path, body) => (path.includes("/blobs/") ? flipped(body) : body)],
  ["a module cut short", "module.size", (path, body) => (path.includes("/blobs/") ? body.subarray(1) : body)],
  ["a module too long", "module.size", (path, body) => (path.includes("/blobs/") ? Buffer.concat([body, body]) : body)],
  ["a module missing", "not_found", (path, body) => (path.includes("/blobs/") ? undefined : body)],
  ["the manifest altered", "cid.mismatch", (path, body) => (path.includes("/manifests/") ? flipped(body) : body)],
  ["an endless manifest", "limit.exceeded", (path, body) => (path.includes("/manifests/") ? Buffer.alloc(2 << 20) : body)],
  ["a resolution of nothing", "log.malformed", (path, body) => (path.includes("/resolve") ? Buffer.of(0xa0) : body)],
])) {
  test(`T13: ${about} is refused, and nothing runs`, async () => {
    await using on = await start();
    on.registry.change = change;
    assert.equal((await on.load()).code, code);
    assert.deepEqual(await on.ask("names"), { names: [] });
    on.registry.change = (_, body) => body;
    assert.equal((await on.load()).status, 200, "a refusal leaves nothing behind");
  });
}

test("T29: what is loaded is what was checked, whatever becomes of the buffers it came in", async () => {
  await using on = await start({ tampers: true });
  assert.deepEqual(await on.load(), { status: 200, text: WORD });
});

test("T05: past its verdict a release is not given out, until a refresh proves it again", async () => {
  await using on = await start();
  assert.equal((await on.load({ path: "/count" })).text, "1");
  await on.clock(START + MAX_AGE);
  assert.equal((await on.load({ path: "/count" })).text, "2", "the last second");
  await on.clock(START + MAX_AGE + 1);
  assert.equal((await on.load()).code, "log.stale");

  on.registry.time = START + MAX_AGE;
  const asked = on.registry.asked.length;
  assert.deepEqual(await on.ask("together", { reference: RANGE, times: 10 }), { loaded: 10 });
  assert.deepEqual(on.registry.asked.slice(asked).map(kind), ["resolve"], "one refresh, and no object again");
  assert.equal((await on.load({ path: "/count" })).text, "3", "the same isolate");
});

test("T04: the log that was seen may grow, and never shrinks", async () => {
  await using on = await start();
  assert.equal((await on.load()).status, 200);
  on.registry.grow(2);
  assert.equal((await on.load({ reference: "@acme/hello@1.x" })).status, 200);
  on.registry.size = 4;
  assert.equal((await on.load({ reference: "@acme/hello@1.0.0" })).code, "log.rollback");
});

test("T28: tenants and environments have isolates of their own", async () => {
  await using on = await start();
  const count = async (context = {}) => (await on.load({ context, path: "/count" })).text;
  assert.equal(await count(), "1");
  assert.equal(await count({ tenant: "a" }), "1");
  assert.equal(await count({ tenant: "b" }), "1");
  assert.equal(await count({ tenant: "a" }), "2");
  const env = { tenant: "a", env: { WORD: "x" }, envKey: "1" };
  assert.equal(await count(env), "1");
  assert.deepEqual(JSON.parse((await on.load({ context: env, path: "/env" })).text), { WORD: "x" });
  assert.equal((await on.load({ context: { env: { WORD: "x" } } })).code, "usage");
  assert.equal((await on.load({ context: { env: { WORD: "x" }, tenant: "a" } })).code, "usage");
  assert.equal((await on.load({ context: { env: {} } })).status, 200);
});

test("T30: the network is closed where nothing is granted", async () => {
  await using on = await start({ options: needs("127.0.0.1:9") });
  assert.match((await on.load({ path: "/fetch?url=http://127.0.0.1:9/" })).text, /^refused: .*not permitted to access the internet/);
});

test("T30: the network is open to what is asked for and granted, and to nothing else", async () => {
  const server = createServer((request, response) => {
    if (request.url === "/away") response.writeHead(302, { location: "http://127.0.0.1:9/" }).end();
    else response.end("from outside");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const host = `127.0.0.1:${port}`;
  const get = (/** @type {string} */ url) => ({ path: `/fetch?url=${encodeURIComponent(url)}` });
  try {
    const of = { options: needs(host, "asked.example"), rule: { egress: [host, "unasked.example"] } };
    await using on = await start(of);
    assert.equal((await on.load(get(`http://${host}/`))).text, "from outside");
    for (const url of [`http://${host}/away`, "http://127.0.0.1:9/", "https://asked.example/", "https://unasked.example/"]) {
      assert.match((await on.load(get(url))).text, /^refused: the network is closed to /, url);
    }
    await using without = await start({ ...of, filtered: false });
    const refused = await without.load();
    assert.equal(refused.code, "usage");
    assert.match(refused.hint, /ctx\.exports/);
  } finally {
    server.close();
  }
});

test("a release that does not start is tried four times, and no more", async () => {
  await using on = await start({ modules: [moduleOf("index.js", "throw new Error('out of cider');")] });
  for (const _ of [1, 2]) {
    const refused = await on.load();
    assert.equal(refused.code, "isolate.failed");
    assert.match(refused.message, /^@acme\/hello 1\.0\.0 does not start: .*out of cider/s);
  }
  const { names } = await on.ask("names");
  assert.deepEqual(names.map((/** @type {string} */ name) => name.slice(52)), ["", ".1", ".2", ".3"]);
});

test("what is asked for and whom to trust is said outright", async () => {
  await using on = await start();
  assert.equal((await on.load({ reference: "@other/hello@1" })).code, "policy.no_rule");
  assert.equal((await on.load({ reference: "hello" })).code, "name.malformed");
  assert.equal((await on.load({ reference: "@acme/hello@latest" })).code, "range.malformed");
  assert.equal((await on.load({ reference: "@acme/hello@2.0.0" })).code, "request.unsatisfied");
  assert.equal((await on.load({ reference: "@acme/other@1" })).code, "not_found");
  const { url } = on.registry;
  assert.equal((await on.ask("create", { registry: url })).code, "policy.missing");
  assert.equal((await on.ask("create", { registry: url, policy: {} })).code, "policy.invalid");
  const nowhere = { registry: "http://127.0.0.1:9", policy: policyOf(), now: START };
  assert.deepEqual(await on.ask("create", nowhere), {});
  assert.equal((await on.load()).code, "network.failed");
});

/** The last byte changed. @param {Buffer} body */
function flipped(body) {
  body[body.length - 1] ^= 1;
  return body;
}

/** A manifest that asks for hosts. @param {string[]} hosts */
const needs = (...hosts) => ({ change: (/** @type {any} */ body) => (body.needs.egress = hosts.sort()) });

/** What a path asks for. @param {string} path */
const kind = (path) => /resolve|manifests|blobs/.exec(path)?.[0];
