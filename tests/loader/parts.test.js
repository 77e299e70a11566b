// Parts of the loader that need no workerd.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Flights } from "../../loader/src/flights.ts";
import { isGranted } from "../../loader/src/hosts.ts";
import { Recent } from "../../loader/src/recent.ts";
import { kvSeen } from "../../loader/src/seen/kv.ts";

test("a host stands for https on 443, and with a port for what is there", () => {
  for (const [url, hosts, granted] of /** @type {[string, string[], boolean][]} */ ([
    ["https://api.example/x?y#z", ["api.example"], true],
    ["https://api.example:443/", ["api.example"], true],
    ["https://API.example/", ["api.example"], true],
    ["https://api.example/", ["api.example:443"], true],
    ["https://user:secret@api.example/", ["api.example"], true],
    ["http://api.example/", ["api.example:80"], true],
    ["http://api.example:8080/", ["api.example:8080"], true],
    ["http://api.example/", ["api.example"], false],
    ["http://api.example:443/", ["api.example"], false],
    ["https://api.example:8443/", ["api.example"], false],
    ["https://api.example.evil.example/", ["api.example"], false],
    ["https://api.example@evil.example/", ["api.example"], false],
    ["https://evil.example/api.example", ["api.example"], false],
    ["https://sub.api.example/", ["api.example"], false],
    ["ftp://api.example/", ["api.example", "api.example:21"], false],
    ["https://api.example/", [], false],
  ])) {
    assert.equal(isGranted(url, hosts), granted, `${url} with ${hosts}`);
  }
});

test("what was not used for long is forgotten, by weight", () => {
  const recent = new Recent(3, (/** @type {number} */ weight) => weight);
  recent.set("a", 1);
  recent.set("b", 1);
  recent.set("c", 1);
  assert.equal(recent.get("a"), 1);
  recent.set("d", 1);
  assert.equal(recent.get("b"), undefined, "the one that was not used");
  assert.equal(recent.get("a"), 1);
  recent.set("a", 2);
  assert.equal(recent.get("c"), undefined);
  assert.equal(recent.get("d"), 1);
  recent.set("large", 9);
  assert.deepEqual([recent.get("a"), recent.get("d"), recent.get("large")], [undefined, undefined, 9]);
});

test("a task runs once for all who wait, and again for who comes later", async () => {
  const flights = new Flights();
  let runs = 0;
  const task = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return ++runs;
  };
  assert.deepEqual(await Promise.all([flights.join("a", task), flights.join("a", task), flights.join("b", task)]), [1, 1, 2]);
  assert.equal(await flights.join("a", task), 3);
  const failing = () => Promise.reject(new Error("no"));
  await assert.rejects(Promise.all([flights.join("a", failing), flights.join("a", failing)]), /no/);
  assert.equal(await flights.join("a", task), 4);
});

test("KV that takes no more writes for a while is tried again, by one for all, and then it fails", async () => {
  // What runs locally takes any number of writes a second.
  const kv = { failing: 0, puts: /** @type {string[]} */ ([]) };
  const namespace = {
    get: async () => kv.puts.at(-1) ?? null,
    put: async (/** @type {string} */ _, /** @type {string} */ text) => {
      if (kv.failing-- > 0) throw new Error("429 Too Many Requests");
      kv.puts.push(text);
    },
  };
  const document = (/** @type {string[]} */ ...names) => ({
    format: /** @type {const} */ ("cidery-seen-v1"),
    logs: { "log.example": { size: 5, root: "5".repeat(64), packages: Object.fromEntries(names.map((name) => [name, 1])) } },
  });
  const store = kvSeen(namespace);
  kv.failing = 2;
  assert.deepEqual(await Promise.all([store.write(document("@a/a"), undefined), store.write(document("@a/b"), undefined)]), [true, true]);
  assert.deepEqual(JSON.parse(kv.puts.at(-1) ?? ""), document("@a/a", "@a/b"));
  kv.failing = 4;
  await assert.rejects(store.write(document("@a/c"), undefined), /429/);
  assert.deepEqual(await store.read(), document("@a/a", "@a/b", "@a/c"), "it still knows");
});
