// The ground that all other tests stand on: what they take for granted of workerd and of child processes is shown here.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import { test } from "node:test";

import { run, start } from "./process.js";
import { scratch } from "./scratch.js";
import { startWorker } from "./worker.js";

const CONFIG = "tests/support/fixtures/wrangler.jsonc";
/** @param {{ url: string }} worker @param {string} path */
const get = async (worker, path) => (await fetch(`${worker.url}/${path}`)).text();

test("a Worker has what its wrangler.jsonc says, and what the test adds", async () => {
  await using worker = await startWorker(CONFIG);
  assert.equal(await get(worker, "greeting"), "from the file");
  assert.equal(await get(worker, "r2"), "in R2");
  assert.equal(await get(worker, "kv"), "in KV");
  assert.equal(await get(worker, "add"), "42", "a .wasm import is a compiled module");

  await using greeted = await startWorker(CONFIG, { vars: { GREETING: "from the test" } });
  assert.equal(await get(greeted, "greeting"), "from the test");
});

test("Worker Loader runs a module, without network if told so", async () => {
  await using worker = await startWorker(CONFIG);
  assert.equal(await get(worker, "isolate"), "6 times 7 is 42");
  assert.match(await get(worker, "isolate-without-network"), /not permitted to access the internet/);
});

test("a Worker reaches a server on loopback", async () => {
  const server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  await using worker = await startWorker(CONFIG);
  assert.equal(await get(worker, `fetch?from=http://127.0.0.1:${port}/`), "hello");
  server.close();
});

test("a Durable Object's rows outlive the Worker where a folder is given, and only there", async () => {
  await using folder = await scratch();
  for (const count of ["1", "2"]) {
    await using worker = await startWorker(CONFIG, { persist: folder.path });
    assert.equal(await get(worker, "count"), count);
  }
  await using fresh = await startWorker(CONFIG);
  assert.equal(await get(fresh, "count"), "1");
});

test("a child process is ready when it says so, and gone when told", async () => {
  const child = await start(process.execPath, ["-e", "console.error('ready at 7'); setInterval(() => {}, 1000)"], {
    ready: /ready at (\d+)/,
  });
  assert.equal(child.ready[1], "7");
  await child.stop();
  assert.equal(child.child.signalCode, "SIGTERM");
});

test("a child process that ends early is an error with its words", async () => {
  await assert.rejects(start(process.execPath, ["-e", "console.error('no such key'); process.exit(3)"], { ready: /ready/ }), {
    message: /ended with 3 before it was ready\nno such key/,
  });
});

test("a command's output and exit code are told apart", async () => {
  const script = "process.stdin.pipe(process.stdout); console.error('careful'); process.exitCode = 2";
  assert.deepEqual(await run(process.execPath, ["-e", script], { input: "data" }), {
    code: 2,
    stdout: "data",
    stderr: "careful\n",
  });
});
