// What the loader has seen, in each store: nothing goes back, neither between loaders that share one, nor after a restart.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { scratch } from "../support/scratch.js";
import { RANGE, WORD, packageOf, start } from "./on.js";
import { MAX_AGE, NAME, ORIGIN, START, StaticRegistry } from "./static_registry.js";

const VERSION = `${NAME}@1.0.0`;

/** A document about one log. @param {number} size @param {string} digit of the root @param {Record<string, number>} packages */
const seen = (size, digit, packages) => ({
  format: "cidery-seen-v1",
  logs: { "log.example": { size, root: digit.repeat(64), packages } },
});

for (const store of /** @type {const} */ (["object", "kv"])) {
  describe(`in the store: ${store}`, () => {
    test("T04: after a restart a mirror with an older state is refused", async () => {
      await using storage = await scratch();
      await using registry = await StaticRegistry.start(packageOf(WORD));
      const of = { seen: store, registry, persist: storage.path };
      {
        await using on = await start(of);
        registry.grow(4);
        assert.equal((await on.load()).text, WORD);
      }
      await using on = await start(of);
      registry.size = 5;
      assert.equal((await on.load()).code, "log.rollback");
      assert.deepEqual(await on.ask("names"), { names: [] });
      registry.size = undefined;
      registry.grow(1);
      assert.equal((await on.load()).text, WORD);
    });

    test("T04: a package whose newest record was seen does not go back under a newer head", async () => {
      await using on = await start({ seen: store });
      const { logged } = on.registry.release("1.1.0", packageOf("newer"));
      assert.equal((await on.load()).text, "newer");
      on.registry.withhold(logged);
      assert.equal((await on.load({ reference: VERSION })).code, "log.rollback");
      assert.equal((await on.loadSecond({ reference: VERSION })).code, "log.rollback", "nor in another isolate");
    });

    test("a refresh reads once, writes only what is new, and a warm call does neither", async () => {
      await using on = await start({ seen: store });
      const asked = async () => (await on.ask("asked")).asked;
      await on.load();
      assert.deepEqual(await asked(), ["read", "write"]);
      for (const _ of [1, 2, 3]) await on.load();
      assert.deepEqual(await asked(), ["read", "write"], "warm");
      await on.load({ reference: VERSION });
      assert.deepEqual(await asked(), ["read", "write", "read"], "nothing new");
      on.registry.grow(1);
      on.registry.time = START + MAX_AGE;
      await on.clock(START + MAX_AGE + 1);
      assert.deepEqual(await on.ask("together", { reference: RANGE, times: 10 }), { loaded: 10 });
      assert.deepEqual(await asked(), ["read", "write", "read", "read", "write"], "one refresh for all");
    });

    test("T24: of two answers at once the older one never wins", async () => {
      await using on = await start({ seen: store });
      assert.equal((await on.load()).text, WORD);
      await overtaken(on.registry, on.load, on.load);
      assert.equal((await on.ask("read", { seen: store })).logs[ORIGIN].size, 10);
    });
  });
}

test("T24: nor does it where nothing is kept", async () => {
  await using on = await start();
  assert.equal((await on.load()).text, WORD);
  await overtaken(on.registry, on.load, on.load);
});

test("T04: what one isolate has seen, another one that shares the object has seen, too", async () => {
  await using on = await start({ seen: "object" });
  on.registry.grow(4);
  assert.equal((await on.load()).text, WORD);
  on.registry.size = 5;
  assert.equal((await on.loadSecond()).code, "log.rollback");
  on.registry.size = undefined;
  on.registry.grow(1);
  assert.equal((await on.loadSecond()).text, WORD);
  on.registry.size = 8;
  assert.equal((await on.load({ reference: VERSION })).code, "log.rollback", "and back");
});

test("T24: of two isolates' answers at once the older one never wins", async () => {
  await using on = await start({ seen: "object" });
  assert.equal((await on.load()).text, WORD);
  await overtaken(on.registry, on.load, on.loadSecond);
  assert.equal((await on.ask("read", { seen: "object" })).logs[ORIGIN].size, 10);
});

test("T23: two trees of one size are a fork, whichever isolate has seen them", async () => {
  await using on = await start({ seen: "object" });
  await using forked = await StaticRegistry.start(packageOf(WORD), { version: "1.0.1" });
  assert.equal((await on.load()).text, WORD);
  assert.deepEqual(await on.askSecond("turn", { registry: forked.url }), {});
  assert.equal((await on.loadSecond()).code, "log.fork");
});

test("isolates that load many packages' states at once take nothing from each other", async () => {
  await using on = await start({ seen: "object", rule: { channels: ["stable"] } });
  const targets = [{ release: on.registry.first, weight: 10_000 }];
  on.registry.add("channel", { name: "stable", targets });
  const users = Array.from({ length: 30 }, (_, at) => ({ reference: { name: NAME, channel: "stable", user: `user ${at}` } }));
  const loads = users.map((of, at) => (at % 2 === 0 ? on.load(of) : on.loadSecond(of)));
  for (const { text } of await Promise.all(loads)) assert.equal(text, WORD);
});

describe("a store that fails is never passed over", () => {
  for (const fails of /** @type {const} */ (["read", "write", "always"])) {
    test(`it fails to ${fails === "always" ? "agree" : fails}`, async () => {
      await using on = await start({ seen: "memory", fails });
      const refused = await on.load();
      assert.equal(refused.code, "storage.failed");
      assert.match(refused.message, fails === "always" ? /by others/ : /^what was seen cannot be (read|written): out of order$/);
      assert.deepEqual(await on.ask("names"), { names: [] });
    });
  }

  test("it holds what is none", async () => {
    await using on = await start({ seen: "kv" });
    for (const text of ["", "{}", '{"logs":{}}', JSON.stringify({ ...seen(1, "0", {}), format: "cidery-seen-v2" })]) {
      await on.ask("put", { text });
      assert.equal((await on.load()).code, "storage.failed", text);
    }
  });
});

describe("the Durable Object", () => {
  const a = seen(5, "5", { "@acme/hello": 3 });

  test("compares and writes in one step, and never goes back, whoever asks", async () => {
    await using on = await start();
    const write = async (/** @type {any} */ next, /** @type {any} */ before = undefined) => (await on.ask("write", { seen: "object", next, before })).written;
    const read = () => on.ask("read", { seen: "object" });
    assert.deepEqual(await read(), { format: a.format, logs: {} });
    assert.equal(await write(a), true);
    assert.deepEqual(await read(), a);
    for (const [about, next, before] of /** @type {const} */ ([
      ["judged by nothing", seen(6, "6", { "@acme/hello": 3 }), undefined],
      ["judged by another tree", seen(6, "6", { "@acme/hello": 3 }), seen(4, "4", { "@acme/hello": 3 })],
      ["judged by another sequence", seen(6, "6", { "@acme/hello": 4 }), seen(5, "5", { "@acme/hello": 2 })],
      ["a smaller tree", seen(4, "4", { "@acme/hello": 3 }), a],
      ["another tree of the size", seen(5, "6", { "@acme/hello": 3 }), a],
      ["a lower sequence", seen(6, "6", { "@acme/hello": 2 }), a],
    ])) {
      assert.equal(await write(next, before), false, about);
      assert.deepEqual(await read(), a, about);
    }
    assert.equal(await write(seen(6, "6", { "@acme/hello": 4 }), a), true);
    assert.equal(await write(seen(6, "6", {}), a), true, "the same tree, with nothing about the package");
    assert.deepEqual(await read(), seen(6, "6", { "@acme/hello": 4 }));
  });

  test("what others write about other packages and logs stays", async () => {
    await using on = await start();
    const write = async (/** @type {any} */ next, /** @type {any} */ before = undefined) => (await on.ask("write", { seen: "object", next, before })).written;
    assert.equal(await write(a), true);
    assert.equal(await write(seen(5, "5", { "@acme/other": 1 })), true, "at the same tree");
    const constructed = { format: a.format, logs: { constructor: { size: 1, root: "1".repeat(64), packages: {} } } };
    assert.equal(await write(constructed), true);
    const logs = { ...constructed.logs, ...seen(5, "5", { "@acme/hello": 3, "@acme/other": 1 }).logs };
    assert.deepEqual(await on.ask("read", { seen: "object" }), { format: a.format, logs });
  });

  test("it keeps as many packages as a client must", async () => {
    await using storage = await scratch();
    const packages = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`@acme/p${at}`, at]));
    {
      await using on = await start({ persist: storage.path });
      assert.deepEqual(await on.ask("write", { seen: "object", next: seen(20_000, "2", packages) }), { written: true });
    }
    await using on = await start({ persist: storage.path });
    assert.deepEqual(await on.ask("read", { seen: "object" }), seen(20_000, "2", packages));
  });
});

test("KV: what one isolate writes at once is all there, and another one reads it", async () => {
  await using on = await start();
  const changes = Array.from({ length: 20 }, (_, at) => ({ next: seen(5, "5", { [`@acme/p${at}`]: at }) }));
  const { written } = await on.ask("writes", { seen: "kv", changes });
  assert.deepEqual(new Set(written), new Set([true]));
  const packages = Object.fromEntries(changes.map((_, at) => [`@acme/p${at}`, at]));
  assert.deepEqual(await on.askSecond("read", { seen: "kv" }), seen(5, "5", packages));
});

test("T04, KV: an isolate does not forget where KV does", async () => {
  await using on = await start({ seen: "kv" });
  assert.equal((await on.load()).text, WORD);
  const before = JSON.stringify(await on.ask("read", { seen: "kv" }));
  on.registry.grow(4);
  assert.equal((await on.load({ reference: VERSION })).text, WORD);
  await on.ask("put", { text: before });
  on.registry.size = 5;
  assert.equal((await on.load({ reference: "@acme/hello@1.x" })).code, "log.rollback");
  on.registry.size = undefined;
  on.registry.grow(1);
  assert.equal((await on.load({ reference: "@acme/hello@1.x" })).text, WORD);
  assert.equal((await on.ask("read", { seen: "kv" })).logs[ORIGIN].size, 9, "and brings it back");
});

/**
 * One loader is answered with a head, and before it has judged it, another one with a larger one. The first one asks again, and is refused where its
 * mirror stays behind. Twice, from 4 entries to 10.
 * @param {StaticRegistry} registry
 * @param {(of: any) => Promise<any>} load the first one's
 * @param {(of: any) => Promise<any>} overtake
 */
async function overtaken(registry, load, overtake) {
  registry.grow(6);
  for (const [smaller, larger, then, outcome] of /** @type {const} */ ([
    [5, 7, 7, { status: 200, text: WORD }],
    [8, 10, 8, { code: "log.rollback" }],
  ])) {
    /** @type {PromiseWithResolvers<void>[]} */
    const [held, released] = [Promise.withResolvers(), Promise.withResolvers()];
    registry.size = smaller;
    registry.delay = () => {
      registry.delay = () => {};
      held.resolve();
      return released.promise;
    };
    const asked = registry.asked.length;
    const slow = load({ reference: `@acme/hello@1.0.0 || ${smaller}` });
    await held.promise;
    registry.size = larger;
    assert.equal((await overtake({ reference: `@acme/hello@1.0.0 || ${larger}` })).text, WORD);
    registry.size = then;
    released.resolve();
    const { message: _, hint: __, ...answer } = await slow;
    assert.deepEqual(answer, outcome);
    assert.equal(registry.asked.slice(asked).filter((path) => path.endsWith("/resolve")).length, 3, "the first one asked twice");
  }
}
