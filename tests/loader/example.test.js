// The example Worker, started from the file that deploys it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { call } from "../support/client.js";
import { scratch } from "../support/scratch.js";
import { startWorker } from "../support/worker.js";
import { WORD, packageOf } from "./on.js";
import { StaticRegistry, policyOf } from "./static_registry.js";

const CONFIG = "examples/loader-worker/wrangler.jsonc";

test("it serves ranges and channels, says what is refused, and remembers what it has seen", async () => {
  await using storage = await scratch();
  await using registry = await StaticRegistry.start(packageOf(WORD));
  registry.time = Math.floor(Date.now() / 1000);
  registry.add("channel", { name: "stable", targets: [{ release: registry.first, weight: 10_000 }] });
  const vars = { REGISTRY: registry.url, POLICY: JSON.stringify(policyOf({ channels: ["stable"] })) };
  {
    await using worker = await startWorker(CONFIG, { vars, persist: storage.path });
    for (const path of ["/acme/hello/%5E1/", "/acme/hello/1.0.0/greet", "/acme/hello/:stable/", "/acme/hello/%3Astable/x"]) {
      assert.equal(await (await fetch(worker.url + path)).text(), WORD, path);
    }
    for (const [path, status, code] of /** @type {const} */ ([
      ["/", 400, "request.malformed"],
      ["/acme/hello/%ff/", 400, "request.malformed"],
      ["/acme/hello/latest/", 400, "range.malformed"],
      ["/acme/hello/:Stable/", 400, "channel.malformed"],
      ["/acme/hello/:next/", 403, "policy.channel"],
      ["/evil/hello/1/", 403, "policy.no_rule"],
      ["/acme/other/1/", 404, "not_found"],
    ])) {
      const answer = await call(worker.url + path);
      assert.deepEqual([answer.status, answer.code], [status, code], path);
    }
    registry.refusal = "release.void";
    assert.equal((await call(`${worker.url}/acme/hello/1.x/`)).status, 410);
    registry.refusal = undefined;
  }
  await using worker = await startWorker(CONFIG, { vars, persist: storage.path });
  registry.size = 4;
  const answer = await call(`${worker.url}/acme/hello/%5E1/`);
  assert.deepEqual([answer.status, answer.code], [502, "log.rollback"]);
});
