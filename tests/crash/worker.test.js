// T25 on Workers: killed at any moment, or started on an old ledger, the log goes on or refuses to sign.

import assert from "node:assert/strict";
import { cp, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { originOf, packageOf, post, publish } from "../support/client.js";
import { Publishing, headOf } from "../support/crash.js";
import { startRegistryWorker } from "../support/registry.js";
import { scratch } from "../support/scratch.js";

/** @typedef {Awaited<ReturnType<typeof startRegistryWorker>>} Registry */

const MOMENTS = 10;

/** The checkpoint object, read without a request to the registry. @param {Registry} registry */
async function storedHead({ miniflare }) {
  const object = await (await miniflare.getR2Bucket("OBJECTS")).get("log/checkpoint");
  return /** @type {string} */ (await object?.text());
}

/** Ends every workerd of this process as a power cut would; miniflare starts it again on the same port. */
async function killWorkerd() {
  let killed = 0;
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number)) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const [, name, parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(stat) ?? [];
    if (name !== "workerd" || Number(parent) !== process.pid) continue;
    process.kill(pid, "SIGKILL");
    killed++;
  }
  assert.notEqual(killed, 0, "there was a workerd to kill");
}

/** Waits until a registry answers. @param {string} url */
async function reachable(url) {
  for (let attempt = 0; ; attempt++) {
    const answer = await fetch(`${url}/v1/log`).catch(() => undefined);
    if (answer?.status === 200) return;
    assert.ok(attempt < 100, "the registry is back within ten seconds");
    await sleep(100);
  }
}

/** The ledger's files in a folder of `startRegistryWorker`. @param {string} folder */
const ledgerIn = (folder) => join(folder, "do");

test("T25: workerd killed at ten moments while publishing, every acknowledged release is there and proven", async () => {
  await using data = await scratch();
  await using registry = await startRegistryWorker({ persist: data.path });
  const { url } = registry;
  const publishing = new Publishing(await originOf(url));
  for (let moment = 0; moment < MOMENTS; moment++) {
    await publishing.until(url, async () => {
      await sleep(300 + Math.random() * 4700);
      await killWorkerd();
    });
    await reachable(url);
    await publishing.assertContinued(url);
  }
  const { size } = publishing.acknowledged;
  assert.ok(size >= MOMENTS, `only ${size} publishes were acknowledged`);
  await publishing.assertHeld(registry);
});

test("T25: started on an old ledger, it goes on from the published log", async () => {
  await using data = await scratch();
  await using old = await scratch();
  /** @type {string} */
  let origin;
  {
    await using registry = await startRegistryWorker({ persist: data.path });
    origin = await originOf(registry.url);
    assert.equal((await publish(registry.url, packageOf({ origin, name: "@old/a" }))).status, 201);
  }
  await cp(ledgerIn(data.path), ledgerIn(old.path), { recursive: true });
  const made = Array.from({ length: 50 }, (_, at) => packageOf({ origin, name: `@old/b${at}` }));
  {
    await using registry = await startRegistryWorker({ persist: data.path });
    const answers = await Promise.all(made.map((each) => publish(registry.url, each)));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [201]);
  }
  await rm(ledgerIn(data.path), { recursive: true });
  await cp(ledgerIn(old.path), ledgerIn(data.path), { recursive: true });

  await using registry = await startRegistryWorker({ persist: data.path });
  const before = await headOf(registry.url);
  assert.ok(before.size > 102 && before.size <= 153, `102 records, and a map for each group: ${before.size}`);
  const replayed = await post(registry.url, made[7].records, made[7].manifest.bytes);
  assert.equal(replayed.status, 200, "what was published after the copy is known");
  assert.deepEqual(await headOf(registry.url), before, "the same head, not a second one");
  const taken = packageOf({ origin, name: made[7].name, code: "export default 1;" });
  assert.equal((await post(registry.url, taken.records, taken.manifest.bytes)).code, "record.version_taken");
  assert.equal((await publish(registry.url, packageOf({ origin, name: "@old/c" }))).status, 201);
  assert.equal((await headOf(registry.url)).size, before.size + 3, "and it takes new ones");
});

test("T25: a ledger of another history signs nothing, and reads go on; once repaired, it publishes again", async () => {
  await using registry = await startRegistryWorker();
  const { url } = registry;
  const origin = await originOf(url);
  assert.equal((await publish(url, packageOf({ origin, name: "@other/a" }))).status, 201);
  const own = await storedHead(registry);
  // A well-signed head of the same size and another tree.
  await using stranger = await startRegistryWorker();
  assert.equal(await originOf(stranger.url), origin);
  assert.equal((await publish(stranger.url, packageOf({ origin, name: "@other/b" }))).status, 201);
  const strange = await storedHead(stranger);
  const putHead = async (/** @type {string} */ head) =>
    (await registry.miniflare.getR2Bucket("OBJECTS")).put("log/checkpoint", head);

  await putHead(strange);
  await killWorkerd();
  await reachable(url);
  const next = packageOf({ origin, name: "@other/c" });
  for (const attempt of ["first", "second"]) {
    const refused = await post(url, next.records, next.manifest.bytes);
    assert.deepEqual([refused.status, refused.code], [503, "ledger.diverged"], `${attempt} attempt`);
  }
  assert.equal(await storedHead(registry), strange, "nothing was signed");
  assert.equal((await fetch(`${url}/v1/packages/@other/a`)).status, 200);

  await putHead(own);
  assert.equal((await publish(url, next)).status, 201);
  assert.equal((await headOf(url)).size, 6);
});

test("the head is cosigned again by the alarm, with no request and after a restart", async () => {
  await using data = await scratch();
  /** @type {string} */
  let before;
  {
    await using registry = await startRegistryWorker({ persist: data.path });
    await originOf(registry.url);
    before = await storedHead(registry);
  }
  const minute = 60_000;
  assertBetween(await alarmAt(data.path), Date.now() + 3 * minute, Date.now() + 4 * minute);
  await sleep(1000); // a cosignature's time has seconds: in the same one it would be the same text
  await alarmAt(data.path, Date.now());
  {
    await using registry = await startRegistryWorker({ persist: data.path });
    for (let attempt = 0; (await storedHead(registry)) === before; attempt++) {
      assert.ok(attempt < 100, "the alarm has rung within ten seconds");
      await sleep(100);
    }
    const tree = (/** @type {string} */ head) => head.split("\n").slice(0, 3);
    assert.deepEqual(tree(await storedHead(registry)), tree(before), "the same tree");
    await sleep(1500); // until the alarm has written the head and set the next
  }
  assertBetween(await alarmAt(data.path), Date.now() + 3 * minute, Date.now() + 4 * minute);
});

/** @param {number} got @param {number} least @param {number} most */
function assertBetween(got, least, most) {
  assert.ok(got >= least && got <= most, `${got} is between ${least} and ${most}`);
}

/**
 * When the object's alarm will ring, or from now on: milliseconds since 1970. The platform keeps the time twice, in nanoseconds.
 * @param {string} folder of a registry that is stopped
 * @param {number} [time]
 */
async function alarmAt(folder, time) {
  const found = [];
  const files = (await readdir(ledgerIn(folder), { recursive: true })).filter((name) => name.endsWith(".sqlite"));
  for (const file of files) {
    const database = new DatabaseSync(join(ledgerIn(folder), file));
    const [table, column] = file.endsWith("metadata.sqlite") ? ["_cf_ALARM", "scheduled_time"] : ["_cf_METADATA", "value"];
    if (time !== undefined) database.prepare(`UPDATE ${table} SET ${column} = ?`).run(BigInt(time) * 1_000_000n);
    const read = database.prepare(`SELECT ${column} AS time FROM ${table}`);
    read.setReadBigInts(true);
    found.push(...read.all().map(({ time }) => Number(/** @type {bigint} */ (time) / 1_000_000n)));
    database.close();
  }
  assert.equal(found.length, 2, "one alarm, kept twice");
  assert.equal(found[0], found[1]);
  return found[0];
}
