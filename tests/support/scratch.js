// Temporary folders that go away with the test.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Makes an empty folder; `await using` removes it.
 * @returns {Promise<AsyncDisposable & { path: string }>}
 */
export async function scratch() {
  const path = await mkdtemp(join(tmpdir(), "cidery-test-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }) };
}
