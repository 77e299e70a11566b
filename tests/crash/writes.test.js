// T25 on Workers, write by write: the Durable Object is reset before and after each write of a group, and of a start.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { originOf, packageOf, post, upload } from "../support/client.js";
import { Publishing } from "../support/crash.js";
import { startRegistryWorker } from "../support/registry.js";

const CONFIG = "tests/support/fixtures/mortal/wrangler.jsonc";

for (const after of [false, true]) {
  test(`T25: the object ends ${after ? "after" : "before"} each write of a group, and another one goes on`, async () => {
    await using registry = await startRegistryWorker({ config: CONFIG });
    const { url } = registry;
    const origin = await originOf(url);
    const publishing = new Publishing(origin);
    for (let writes = 1; ; writes++) {
      const made = packageOf({ origin, name: `@crash/p${writes}`, key: publishing.key });
      const waits = await post(url, made.records, made.manifest.bytes);
      assert.equal((await upload(url, waits.body.record, made.module.cid, made.module.bytes)).status, 201);
      await arm(url, writes, after);
      const answer = await post(url, made.records, made.manifest.bytes);
      const isWhole = answer.status === 201;
      // It deletes after it has answered.
      const done = await written(url);
      // The next call meets a fresh object, which starts: whatever was logged is shown whole, and nothing else is.
      await arm(url, Infinity, false);
      const again = await post(url, made.records, made.manifest.bytes);
      assert.ok([200, 201].includes(again.status), `${writes}: ${JSON.stringify(again.body)}`);
      if (isWhole) assert.deepEqual(again.body, answer.body);
      await publishing.acknowledge(url, made, again.body);
      await publishing.assertContinued(url);
      if (done < writes) {
        assert.ok(isWhole && done > 12, `a group has more writes than ${done}`);
        break;
      }
    }
    await publishing.assertHeld(registry);
  });
}

test("T25: the object ends at each write of a start that has a group to publish", async () => {
  await using registry = await startRegistryWorker({ config: CONFIG });
  const { url } = registry;
  const origin = await originOf(url);
  const publishing = new Publishing(origin);
  for (let writes = 1; ; writes++) {
    const made = packageOf({ origin, name: `@crash/p${writes}`, key: publishing.key });
    const waits = await post(url, made.records, made.manifest.bytes);
    assert.equal((await upload(url, waits.body.record, made.module.cid, made.module.bytes)).status, 201);
    // Its manifest and its entries are written, so it is in the ledger, and nothing is signed.
    await arm(url, 2, true);
    assert.notEqual((await post(url, made.records, made.manifest.bytes)).status, 201);
    await arm(url, writes, false);
    const answer = await post(url, made.records, made.manifest.bytes);
    await arm(url, Infinity, false);
    const again = await post(url, made.records, made.manifest.bytes);
    assert.equal(again.status, 200, `${writes}: ${JSON.stringify(again.body)}`);
    await publishing.acknowledge(url, made, again.body);
    await publishing.assertContinued(url);
    if (answer.status === 200) {
      assert.ok(writes > 12, `a start has more writes than ${writes - 1}`);
      break;
    }
  }
  await publishing.assertHeld(registry);
});

/** How many writes there were since, once there are no more. @param {string} url of the registry */
async function written(url) {
  for (let before = -1; ; ) {
    const answer = await fetch(`${url}/mortal/written`);
    const count = answer.ok ? Number(await answer.text()) : NaN; // it has just ended
    if (count === before) return count;
    before = count;
    await sleep(200);
  }
}

/** @param {string} url of the registry @param {number} writes @param {boolean} after */
async function arm(url, writes, after) {
  const armed = await fetch(`${url}/mortal/arm?writes=${writes}${after ? "&after" : ""}`);
  assert.equal(await armed.text(), "armed");
}
