// What became of a release after it was published, and who had the say: what the loader refuses, takes, and goes on with.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { keyOf, multikey, powersOf } from "../support/objects.js";
import { RANGE, WORD, packageOf, start } from "./on.js";
import { MAX_AGE, NAME, PUBLISHER, START } from "./static_registry.js";

const OTHER = keyOf("another publisher");
const VERSION = `${NAME}@1.0.0`;
const GRACE = 300;

/** @param {unknown} release @param {string} severity */
const yankOf = (release, severity) => ({ release, severity, reason: severity === "none" ? "restored" : "broken" });

/** Revokes a key from a sequence on. @param {number} fromSequence */
const revocation = (fromSequence) => ({ by: "publishers", to: powersOf([OTHER]), void: [{ key: PUBLISHER.public, fromSequence }] });

test("T07: a release whose keys were revoked is refused, whether the registry says so or not", async () => {
  await using on = await start();
  const { registry } = on;
  assert.equal((await on.load()).text, WORD);
  registry.add("rekey", revocation(1));
  assert.equal((await on.load()).text, WORD, "the verdict still holds");
  assert.equal((await on.load({ reference: VERSION })).code, "release.void", "a mirror that still offers it");

  await on.clock(START + MAX_AGE + 1);
  registry.time = START + MAX_AGE;
  registry.refusal = "release.void";
  assert.equal((await on.load()).code, "release.void");
  registry.refusal = undefined;
  registry.isDown = true;
  assert.equal((await on.load()).code, "network.failed", "and it stays refused");
});

test("T07: a channel whose keys were revoked names nothing", async () => {
  await using on = await start({ rule: { channels: ["stable"] } });
  on.registry.add("channel", { name: "stable", targets: [{ release: on.registry.first, weight: 10_000 }] });
  assert.equal((await on.load({ reference: `${NAME}:stable` })).text, WORD);
  on.registry.add("rekey", revocation(2));
  assert.equal((await on.load({ reference: { name: NAME, channel: "stable", user: "a" } })).code, "release.void");
});

test("a yanked release is refused by range and version, and a lock still has it", async () => {
  await using on = await start();
  on.registry.add("yank", yankOf(on.registry.first, "low"));
  assert.equal((await on.load()).code, "release.yanked", "the registry has no other");
  assert.equal((await on.load({ reference: VERSION })).code, "release.yanked", "the verifier");
  const lock = { name: NAME, version: "1.0.0", cid: String(on.registry.manifest.cid) };
  assert.equal((await on.load({ reference: lock })).text, WORD);
  on.registry.add("yank", yankOf(on.registry.first, "none"));
  assert.equal((await on.load()).text, WORD, "it is taken back");
});

test("what the policy tolerates is asked for, and no more", async () => {
  await using on = await start({ rule: { yanked: ["low", "medium"] } });
  on.registry.add("yank", yankOf(on.registry.first, "medium"));
  assert.equal((await on.load()).text, WORD);
  assert.equal(new URLSearchParams(on.registry.queries[0]).get("yanked"), "low,medium");
  on.registry.add("yank", yankOf(on.registry.first, "high"));
  assert.equal((await on.load({ reference: "@acme/hello@1.x" })).code, "release.yanked");
});

test("T10: an entry of a lock is exactly this code of this package", async () => {
  await using on = await start();
  const cid = String(on.registry.manifest.cid);
  const { manifest } = on.registry.release("1.1.0", packageOf("newer"));
  const load = async (/** @type {Record<string, string>} */ lock) => (await on.load({ reference: { name: NAME, version: "1.0.0", cid, ...lock } })).code;
  assert.equal(await load({}), undefined);
  assert.equal(await load({ cid: String(manifest.cid) }), "request.unsatisfied", "other code");
  assert.equal(await load({ version: "1.1.0" }), "request.unsatisfied", "another version");
  on.registry.names.push("@acme/other");
  assert.equal(await load({ name: "@acme/other" }), "request.package", "a genuine entry of another package");
  assert.equal(await load({ cid: "bafkr4iaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" }), "cid.malformed");
});

describe("T11: too few keys", () => {
  for (const [about, code, options, rule] of /** @type {const} */ ([
    ["one of two that the package asks for", "record.threshold", { keys: [PUBLISHER, OTHER], threshold: 2, signers: [PUBLISHER] }, {}],
    ["one that is not the package's", "record.threshold", { signers: [OTHER] }, {}],
    ["none that is pinned", "policy.key", {}, { keys: [multikey(OTHER.public)] }],
    ["one of two that are pinned", "policy.key", {}, { keys: [PUBLISHER, OTHER].map((key) => multikey(key.public)), threshold: 2 }],
  ])) {
    test(about, async () => {
      await using on = await start({ options, rule });
      assert.equal((await on.load()).code, code);
      assert.deepEqual(await on.ask("names"), { names: [] });
    });
  }

  test("a key that was taken away signs nothing any more", async () => {
    await using on = await start({ rule: { keys: [PUBLISHER, OTHER].map((key) => multikey(key.public)) } });
    on.registry.add("rekey", { by: "publishers", to: powersOf([OTHER]), void: [] });
    const { logged } = on.registry.release("1.1.0", packageOf("thief"), { keys: [PUBLISHER] });
    assert.equal((await on.load()).code, "record.threshold");
    on.registry.withhold(logged); // no honest registry has it in its map
    assert.equal((await on.load({ reference: VERSION })).text, WORD, "what it signed before is still good");
  });
});

describe("channels", () => {
  /** Two releases, each for half of the users. */
  async function halves() {
    const on = await start({ rule: { channels: ["stable"] } });
    const newer = on.registry.release("1.1.0", packageOf("newer"));
    const targets = [on.registry.first, newer.reference].map((release) => ({ release, weight: 5_000 }));
    on.registry.add("channel", { name: "stable", targets });
    return on;
  }
  const of = (/** @type {string} */ user) => ({ reference: { name: NAME, channel: "stable", user } });

  test("a user always has the same release, and the registry is told the bucket alone", async () => {
    await using on = await halves();
    const users = Array.from({ length: 12 }, (_, at) => `someone-${at}`);
    const words = new Map();
    for (const user of users) words.set(user, (await on.load(of(user))).text);
    assert.deepEqual(new Set(words.values()), new Set([WORD, "newer"]));
    for (const user of users) assert.equal((await on.load(of(user))).text, words.get(user));

    const asked = on.registry.asked.map((path) => path.split("/")[2]);
    assert.equal(asked.filter((kind) => kind === "packages").length, users.length, "each bucket once");
    assert.equal(asked.filter((kind) => kind === "manifests").length, 2, "each release once");
    for (const query of on.registry.queries) assert.doesNotMatch(query, /someone/);
  });

  test("users of one release share its isolate", async () => {
    await using on = await halves();
    const counts = [];
    for (const user of ["a", "b", "c", "d", "e", "f", "g", "h"]) counts.push(Number((await on.load({ ...of(user), path: "/count" })).text));
    const names = new Set((await on.ask("names")).names);
    assert.equal(names.size, 2);
    assert.equal(counts.filter((count) => count === 1).length, 2);
  });

  test("a reference by text is the first bucket's", async () => {
    await using on = await halves();
    assert.equal((await on.load({ reference: `${NAME}:stable` })).text, WORD);
    assert.equal(new URLSearchParams(on.registry.queries[0]).get("bucket"), "0");
    assert.equal((await on.load({ reference: { name: NAME, channel: "stable" } })).text, WORD);
  });

  test("what is no channel of the policy's, or none at all, is refused", async () => {
    await using on = await halves();
    assert.equal((await on.load({ reference: `${NAME}:next` })).code, "policy.channel");
    assert.equal((await on.load({ reference: `${NAME}:Stable` })).code, "channel.malformed");
    assert.equal((await on.load({ reference: { name: NAME, channel: "stable", user: 7 } })).code, "usage");
    assert.equal((await on.load({ reference: { name: NAME, channel: "Stable", user: "a" } })).code, "channel.malformed");
  });

  test("T04: a channel does not go back to what it named before", async () => {
    await using on = await halves();
    const targets = [{ release: on.registry.first, weight: 10_000 }];
    const set = on.registry.add("channel", { name: "stable", targets });
    for (const user of ["a", "b", "c", "d"]) assert.equal((await on.load(of(user))).text, WORD);
    on.registry.withhold(set);
    assert.equal((await on.load(of("e"))).code, "log.rollback");
  });
});

describe("offline", () => {
  const graceful = { log: { offlineGrace: GRACE } };
  const counted = { path: "/count" };

  test("a verdict goes on for its grace where no registry is reached, and no longer", async () => {
    await using on = await start(graceful);
    assert.equal((await on.load(counted)).text, "1");
    on.registry.isDown = true;
    await on.clock(START + MAX_AGE + 1);
    const asked = on.registry.asked.length;
    assert.equal((await on.load(counted)).text, "2");
    assert.equal((await on.load(counted)).text, "3");
    assert.equal(on.registry.asked.length, asked + 1, "the registry is left alone for a while");
    await on.clock(START + MAX_AGE + 20);
    assert.equal((await on.load(counted)).text, "4");
    assert.equal(on.registry.asked.length, asked + 2, "and asked again");
    await on.clock(START + MAX_AGE + GRACE);
    assert.equal((await on.load(counted)).text, "5", "the last second");
    await on.clock(START + MAX_AGE + GRACE + 1);
    assert.equal((await on.load(counted)).code, "network.failed");
    assert.equal((await on.load({ reference: VERSION })).code, "network.failed", "what was never judged has no grace");
  });

  test("when the registry is back, so are its verdicts", async () => {
    await using on = await start(graceful);
    assert.equal((await on.load(counted)).text, "1");
    on.registry.isDown = true;
    await on.clock(START + MAX_AGE + 1);
    assert.equal((await on.load(counted)).text, "2");
    on.registry.isDown = false;
    on.registry.time = START + MAX_AGE;
    await on.clock(START + MAX_AGE + 20);
    const asked = on.registry.asked.length;
    for (const count of ["3", "4"]) assert.equal((await on.load(counted)).text, count);
    await on.clock(START + 2 * MAX_AGE);
    assert.equal((await on.load(counted)).text, "5");
    assert.equal(on.registry.asked.length, asked + 1);
  });

  test("there is no grace where the policy gives none", async () => {
    await using on = await start();
    assert.equal((await on.load()).text, WORD);
    on.registry.isDown = true;
    await on.clock(START + MAX_AGE + 1);
    assert.equal((await on.load()).code, "network.failed");
  });

  for (const [about, code, change] of /** @type {[string, string, (registry: import("./static_registry.js").StaticRegistry) => void][]} */ ([
    ["a head that is too old", "log.stale", () => {}],
    ["a yank", "release.yanked", (registry) => registry.add("yank", yankOf(registry.first, "high"))],
    ["a revocation", "release.void", (registry) => registry.add("rekey", revocation(1))],
    ["a head that goes back", "log.rollback", (registry) => (registry.size = 4)],
    ["an answer of nothing", "log.malformed", (registry) => (registry.change = () => Buffer.of(0xa0))],
    ["a release that is not there", "not_found", (registry) => (registry.names = [])],
  ])) {
    test(`T05: ${about} ends the grace, for good`, async () => {
      await using on = await start(graceful);
      on.registry.grow(1);
      const load = () => on.load({ reference: VERSION });
      assert.equal((await load()).text, WORD);
      on.registry.isDown = true;
      await on.clock(START + MAX_AGE + 1);
      assert.equal((await load()).text, WORD);

      await on.clock(START + MAX_AGE + 20);
      on.registry.isDown = false;
      if (code !== "log.stale") on.registry.time = START + MAX_AGE;
      change(on.registry);
      assert.equal((await load()).code, code);
      on.registry.isDown = true;
      assert.equal((await load()).code, "network.failed");
    });
  }

  test("there is no grace for what a registry that was reached has replaced", async () => {
    await using on = await start(graceful);
    assert.equal((await on.load()).text, WORD);
    on.registry.release("1.1.0", packageOf("newer"));
    on.registry.time = START + MAX_AGE;
    await on.clock(START + MAX_AGE + 1);
    for (const path of [/manifests/, /blobs/, /./]) {
      on.registry.drops = path;
      assert.equal((await on.load()).code, "network.failed", String(path));
    }
    on.registry.drops = undefined;
    assert.equal((await on.load()).text, "newer");
  });

  test("a store that fails is no registry that cannot be reached", async () => {
    await using on = await start({ ...graceful, seen: "memory", fails: "write" });
    assert.equal((await on.load()).code, "storage.failed");
    assert.deepEqual(await on.ask("names"), { names: [] });
  });
});
