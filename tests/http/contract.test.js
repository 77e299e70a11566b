// The contract of `cidery-registry`'s backends, over real R2 and a real Durable Object's SQLite.

import assert from "node:assert/strict";
import { test } from "node:test";

import { startWorker } from "../support/worker.js";

for (const backend of ["blobs", "sql"]) {
  test(`the Worker's ${backend} keep what every backend promises`, async () => {
    await using worker = await startWorker("tests/support/fixtures/contract/wrangler.jsonc");
    const response = await fetch(`${worker.url}/${backend}`, { signal: AbortSignal.timeout(60_000) });
    assert.equal(await response.text(), "kept", worker.log.join("\n"));
  });
}
