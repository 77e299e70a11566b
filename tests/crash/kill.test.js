// T25 on the server: killed at any moment, or started on an old copy of its ledger, the log goes on or refuses to sign.

import assert from "node:assert/strict";
import { existsSync, watch } from "node:fs";
import { cp, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { originOf, packageOf, post, publish } from "../support/client.js";
import { Publishing, headOf } from "../support/crash.js";
import { keyOf } from "../support/objects.js";
import { startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";

const MOMENTS = 20;

test("T25: killed at 20 moments while publishing, every acknowledged release is there and proven", async () => {
  await using data = await scratch();
  let server = await startServer({ data: data.path });
  await using stopped = { [Symbol.asyncDispose]: () => server.stop() };
  assert.ok(stopped);
  const publishing = new Publishing(await originOf(server.url));
  for (let moment = 0; moment < MOMENTS; moment++) {
    // Spread over the write points of a group by chance.
    await publishing.until(server.url, async () => {
      await publishing.hears();
      await sleep(Math.random() * 240);
      await server.kill();
    });
    server = await startServer({ data: data.path });
    await publishing.assertContinued(server.url);
  }
  const { size } = publishing.acknowledged;
  assert.ok(size >= MOMENTS, `only ${size} publishes were acknowledged`);
  await publishing.assertHeld(server);
});

/**
 * Where the sequencer writes, in its order, each with the file that shows that it has: the ledger, then objects. The last ones are
 * deleted.
 * @type {[folder: string, file: RegExp, isGone?: boolean][]}
 */
const WRITE_POINTS = [
  [".", /^ledger\.db-wal$/],
  ["objects/manifests", /./],
  ["objects/log/tile/entries/000.p", /./],
  ["objects/log/tile/0/000.p", /./],
  ["objects/packages/@crash", /./],
  ["objects/map", /./],
  ["objects/log/map", /./],
  ["objects/log", /^checkpoint$/],
  ["objects/receipts", /./],
  ["objects/records/@crash", /./],
  ["objects/releases", /./],
  ["objects/log", /^head$/],
  ["objects/log/map", /./, true],
  ["objects/map", /./, true],
];

test("T25: killed at each write point, every acknowledged release is there and proven", async () => {
  await using data = await scratch();
  let server = await startServer({ data: data.path });
  await using stopped = { [Symbol.asyncDispose]: () => server.stop() };
  assert.ok(stopped);
  const publishing = new Publishing(await originOf(server.url));
  // All folders are there once something was published.
  await publishing.until(server.url, () => publishing.hears());
  for (const [folder, file, isGone] of WRITE_POINTS) {
    await publishing.until(server.url, async () => {
      await publishing.hears();
      await written(join(data.path, folder), file, isGone);
      await server.kill();
    });
    server = await startServer({ data: data.path });
    await publishing.assertContinued(server.url);
  }
  await publishing.assertHeld(server);
});

/** Waits until a file appears or changes, or goes. @param {string} folder @param {RegExp} file @param {boolean} [isGone] */
async function written(folder, file, isGone = false) {
  const seen = Promise.withResolvers();
  const watcher = watch(folder, (_, name) => {
    if (name !== null && file.test(name) && existsSync(join(folder, name)) !== isGone) seen.resolve(undefined);
  });
  await seen.promise;
  watcher.close();
}

test("T25: started on a ledger that is 100 entries old, it goes on from the published log", async () => {
  await using data = await scratch();
  await using old = await scratch();
  let server = await startServer({ data: data.path });
  await using stopped = { [Symbol.asyncDispose]: () => server.stop() };
  assert.ok(stopped);
  const origin = await originOf(server.url);
  const fill = async (/** @type {string} */ prefix, /** @type {number} */ count) => {
    for (let at = 0; at < count; at++) {
      const answer = await publish(server.url, packageOf({ origin, name: `@old/${prefix}${at}` }));
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
    }
  };
  await fill("a", 5);
  await server.stop();
  const ledger = (await readdir(data.path)).filter((name) => name.startsWith("ledger"));
  assert.notEqual(ledger.length, 0, "the data folder has a ledger");
  for (const name of ledger) await cp(join(data.path, name), join(old.path, name));

  server = await startServer({ data: data.path });
  await fill("b", 50); // an init, a release and a map each: 150 entries
  const before = await headOf(server.url);
  assert.equal(before.size, 165);
  await server.stop();
  for (const name of (await readdir(data.path)).filter((name) => name.startsWith("ledger"))) {
    await rm(join(data.path, name));
  }
  for (const name of ledger) await cp(join(old.path, name), join(data.path, name));

  server = await startServer({ data: data.path });
  assert.deepEqual(await headOf(server.url), before, "the same head, not a second one");
  const made = packageOf({ origin, name: "@old/b7" });
  const replayed = await post(server.url, made.records, made.manifest.bytes);
  assert.equal(replayed.status, 200, "what was published after the copy is known");
  const taken = packageOf({ origin, name: "@old/b7", key: keyOf("another") });
  assert.equal((await post(server.url, taken.records, taken.manifest.bytes)).code, "record.init_taken");
  const next = packageOf({ origin, name: "@old/c" });
  assert.equal((await publish(server.url, next)).status, 201, "and it takes new ones");
  assert.equal((await headOf(server.url)).size, 168);
});
