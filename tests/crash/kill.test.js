// T25 on the server: killed at any moment, or started on an old copy of its ledger, the log goes on or refuses to sign.

import assert from "node:assert/strict";
import { cp, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { call, originOf, packageOf, post, publish } from "../support/client.js";
import { cidery } from "../support/command.js";
import { keyOf, multikey } from "../support/objects.js";
import { startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";

const MOMENTS = 20;

/** The newest checkpoint's size and root. @param {string} url */
async function head(url) {
  const [, size, root] = (await (await fetch(`${url}/v1/checkpoint`)).text()).split("\n");
  return { size: Number(size), root };
}

test("T25: killed at 20 moments while publishing, every acknowledged release is there and proven", async () => {
  await using data = await scratch();
  await using home = await scratch();
  let server = await startServer({ data: data.path });
  await using stopped = { [Symbol.asyncDispose]: () => server.stop() };
  assert.ok(stopped);
  const publisher = keyOf("crash");
  const origin = await originOf(server.url);
  const { logKeys, cosigner } = (await call(`${server.url}/v1/log`)).body;
  const policy = join(home.path, "policy.json");
  /** @type {Map<string, any>} */
  const acknowledged = new Map();
  /** @type {Map<number, string>} */
  const roots = new Map();

  for (let moment = 0; moment < MOMENTS; moment++) {
    let alive = true;
    const publishing = Array.from({ length: 4 }, async (_, lane) => {
      for (let at = 0; alive; at++) {
        const made = packageOf({ origin, name: `@crash/m${moment}-l${lane}-n${at}`, key: publisher });
        // The connection may break at any point; only an answer counts.
        const answer = await publish(server.url, made).catch(() => undefined);
        if (answer?.status === 201) acknowledged.set(made.name, answer.body);
        const seen = await head(server.url).catch(() => undefined);
        if (seen === undefined) continue;
        assert.equal(roots.get(seen.size) ?? seen.root, seen.root, `two heads of size ${seen.size}`);
        roots.set(seen.size, seen.root);
      }
    });
    // Spread over the write points of a group by chance, and printed by the test's own name if it fails.
    await sleep(60 + Math.random() * 240);
    await server.kill();
    alive = false;
    await Promise.all(publishing);

    server = await startServer({ data: data.path });
    const after = await head(server.url);
    assert.equal(roots.get(after.size) ?? after.root, after.root, `two heads of size ${after.size}`);
    for (const size of roots.keys()) assert.ok(size <= after.size, "a published head is never taken back");
  }
  assert.ok(acknowledged.size > MOMENTS, `only ${acknowledged.size} publishes were acknowledged`);

  await writeFile(
    policy,
    JSON.stringify({
      origins: { [origin]: { logKeys, cosigner } },
      packages: { "@crash/*": { origin, keys: [multikey(publisher.public)] } },
    }),
  );
  const names = [...acknowledged.keys()];
  // Each is there; the command verifies the proofs of a spread of them, first and last included.
  for (const name of names) {
    const again = await call(`${server.url}/v1/packages/${name}`);
    assert.equal(again.status, 200, `${name} was acknowledged and is lost`);
    assert.equal(again.body.releases[0].record, acknowledged.get(name).release);
    assert.equal(again.body.releases[0].index, acknowledged.get(name).index);
  }
  const step = Math.max(1, Math.floor(names.length / 25));
  for (const name of [...names.filter((_, at) => at % step === 0), names[names.length - 1]]) {
    const args = ["verify", `${name}@1.0.0`, "--policy", policy, "--registry", server.url, "--json"];
    const { code, stdout } = await cidery(args, { env: { CIDERY_CONFIG: home.path } });
    assert.equal(code, 0, stdout);
  }
  // What was not acknowledged is whole or absent: what the package index names can be resolved.
  const listing = await server.listing();
  const receipts = listing.filter((line) => /receipts\//.test(line));
  assert.ok(receipts.length >= acknowledged.size);
  for (const line of receipts) {
    const record = line.split(" ")[0].split("/").pop();
    assert.equal((await fetch(`${server.url}/v1/receipts/${record}`)).status, 200);
  }
});

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
  await fill("b", 50); // an init and a release each: 100 entries
  const before = await head(server.url);
  assert.equal(before.size, 110);
  await server.stop();
  for (const name of (await readdir(data.path)).filter((name) => name.startsWith("ledger"))) {
    await rm(join(data.path, name));
  }
  for (const name of ledger) await cp(join(old.path, name), join(data.path, name));

  server = await startServer({ data: data.path });
  assert.deepEqual(await head(server.url), before, "the same head, not a second one");
  const made = packageOf({ origin, name: "@old/b7" });
  const replayed = await post(server.url, made.records, made.manifest.bytes);
  assert.equal(replayed.status, 200, "what was published after the copy is known");
  const taken = packageOf({ origin, name: "@old/b7", key: keyOf("another") });
  assert.equal((await post(server.url, taken.records, taken.manifest.bytes)).code, "record.init_taken");
  const next = packageOf({ origin, name: "@old/c" });
  assert.equal((await publish(server.url, next)).status, 201, "and it takes new ones");
  assert.equal((await head(server.url)).size, 112);
});
