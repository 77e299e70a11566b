// T25 on Workers: killed at any moment, or started on an old ledger, the log goes on or refuses to sign.

import assert from "node:assert/strict";
import { cp, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { verifier } from "@cidery/verifier";

import { call, originOf, packageOf, post, publish } from "../support/client.js";
import { keyOf, multikey } from "../support/objects.js";
import { startRegistryWorker } from "../support/registry.js";
import { scratch } from "../support/scratch.js";

/** @typedef {Awaited<ReturnType<typeof startRegistryWorker>>} Registry */

const MOMENTS = 10;

/** The newest checkpoint's size and root. @param {string} url */
async function headOf(url) {
  const [, size, root] = (await (await fetch(`${url}/v1/checkpoint`)).text()).split("\n");
  return { size: Number(size), root };
}

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
  const { origin, logKeys, cosigner } = (await call(`${url}/v1/log`)).body;
  const key = keyOf("crash");
  /** @type {Map<ReturnType<typeof packageOf>, any>} */
  const acknowledged = new Map();
  /** @type {Map<number, string>} */
  const roots = new Map();
  const observe = async () => {
    const { size, root } = await headOf(url);
    assert.equal(roots.get(size) ?? root, root, `two heads of size ${size}`);
    roots.set(size, root);
    return size;
  };

  for (let moment = 0; moment < MOMENTS; moment++) {
    let alive = true;
    const publishing = Array.from({ length: 4 }, async (_, lane) => {
      for (let at = 0; alive; at++) {
        const made = packageOf({ origin, name: `@crash/m${moment}-l${lane}-n${at}`, key });
        // The connection may break at any point; only an answer counts.
        const answer = await publish(url, made).catch(() => undefined);
        if (answer?.status === 201) acknowledged.set(made, answer.body);
      }
    });
    await sleep(300 + Math.random() * 1700);
    await killWorkerd();
    alive = false;
    await Promise.all(publishing);
    await reachable(url);
    const size = await observe();
    for (const seen of roots.keys()) assert.ok(seen <= size, "a published head is never taken back");
  }
  assert.ok(acknowledged.size >= MOMENTS, `only ${acknowledged.size} publishes were acknowledged`);

  const { parsePolicy, prove, rememberNothing } = verifier();
  const policy = parsePolicy({
    origins: { [origin]: { logKeys, cosigner } },
    packages: { "@crash/*": { origin, keys: [multikey(key.public)] } },
  });
  for (const [made, body] of acknowledged) {
    const again = await post(url, made.records, made.manifest.bytes);
    assert.deepEqual([again.status, again.body], [200, body], `${made.name} was acknowledged`);
    const resolved = await fetch(`${url}/v1/packages/${made.name}/resolve?version=1.0.0`);
    const request = { package: made.name, version: "1.0.0" };
    const resolution = new Uint8Array(await resolved.arrayBuffer());
    const proof = prove(policy, request, resolution, rememberNothing(), Date.now() / 1000);
    assert.equal(proof.verify(made.manifest.bytes).index, body.index);
  }
  // What was not acknowledged is whole or absent.
  const receipts = (await registry.listing()).filter((line) => line.includes("/receipts/"));
  const entries = 2 * receipts.length;
  assert.equal(await observe(), entries, "each package has its two entries and its receipt");
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
  assert.equal(before.size, 102);
  const replayed = await post(registry.url, made[7].records, made[7].manifest.bytes);
  assert.equal(replayed.status, 200, "what was published after the copy is known");
  assert.deepEqual(await headOf(registry.url), before, "the same head, not a second one");
  const taken = packageOf({ origin, name: made[7].name, code: "export default 1;" });
  assert.equal((await post(registry.url, taken.records, taken.manifest.bytes)).code, "record.version_taken");
  assert.equal((await publish(registry.url, packageOf({ origin, name: "@old/c" }))).status, 201);
  assert.equal((await headOf(registry.url)).size, 104, "and it takes new ones");
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
  assert.equal((await headOf(url)).size, 4);
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
