// Both hosts of the registry behind one shape, so that one suite runs on both.

import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { cideryPath } from "./command.js";
import { opensshOf } from "./openssh.js";
import { start } from "./process.js";
import { scratch } from "./scratch.js";
import { startWorker } from "./worker.js";

/**
 * A registry that answers on loopback; `await using` stops it.
 * @typedef {object} Reachable
 * @property {string} url without a trailing slash
 * @property {string[]} log what it has written so far
 * @property {() => Promise<string[]>} listing name and size of each object that it stores, sorted
 * @property {() => Promise<void>} stop
 *
 * @typedef {AsyncDisposable & Reachable} Registry
 */

/** The ledger's files, which SQLite writes as it likes. */
const LEDGER = /\.(db|sqlite3?)(-journal|-shm|-wal)?$/;

/**
 * Starts `cidery serve` on a free port of loopback.
 *
 * Its data goes to `data` where that is given, so that a second start finds it, and else away with the server.
 * @param {{ data?: string, args?: string[], env?: Record<string, string> }} [options]
 * @returns {Promise<Registry & { kill: () => Promise<void> }>} `kill` is SIGKILL
 */
export async function startServer({ data, args = [], env } = {}) {
  const storage = data === undefined ? await scratch() : undefined;
  const folder = data ?? /** @type {string} */ (storage?.path);
  const serve = ["serve", "--listen", "127.0.0.1:0", "--data", folder, ...args];
  const server = await start(cideryPath(), serve, { ready: /listening on (http:\/\/127\.0\.0\.1:\d+)/, env });
  /** @param {() => Promise<void>} end */
  const ended = async (end) => {
    await end();
    await storage?.[Symbol.asyncDispose]();
  };
  const stop = () => ended(server.stop);
  const kill = () => ended(server.kill);
  const listing = () => filesIn(folder);
  return { url: server.ready[1], log: server.log, listing, stop, kill, [Symbol.asyncDispose]: stop };
}

/** What an operator configures: the keys of SPEC §15, which are secrets of nobody. */
const CONFIGURED = { SCOPES: "open", LOG_KEY: opensshOf(2), COSIGNER_KEY: opensshOf(3) };

/**
 * Starts the registry Worker with R2, KV and its Durable Object. Unless `vars` say otherwise, anybody may begin packages.
 * @param {{ persist?: string, vars?: Record<string, string>, config?: string }} [options] as of {@link startWorker}; `config` is that of a
 *   Worker around it
 * @returns {Promise<Registry & { miniflare: import("miniflare").Miniflare }>}
 */
export async function startRegistryWorker({ persist, vars, config = "registry-worker/wrangler.jsonc" } = {}) {
  const worker = await startWorker(config, { persist, vars: { ...CONFIGURED, ...vars } });
  return Object.assign(worker, { listing: () => objectsIn(worker) });
}

/** What readers need under a head, and a newer one replaces. */
const REPLACED = /\/(log\/map|map|packages\/@[^/]+\/[^/]+)\/[^/]+$/;

/**
 * Whether a registry stores what it did. What a head has replaced goes at any time, also where nobody publishes.
 * @param {string[]} before a listing
 * @param {string[]} after another one
 */
export function isUnchanged(before, after) {
  return isDeepStrictEqual(after, before.filter((line) => after.includes(line) || !REPLACED.test(line.split(" ")[0])));
}

/** @param {string} folder */
async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && !LEDGER.test(entry.name));
  const sized = files.map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    const { size } = await stat(path).catch(() => ({ size: undefined })); // it has just gone
    return size === undefined ? [] : [`${relative(folder, path)} ${size}`];
  });
  return (await Promise.all(sized)).flat().sort();
}

/** @param {import("./worker.js").RunningWorker} worker */
async function objectsIn({ miniflare, buckets }) {
  const found = [];
  for (const binding of buckets) {
    const bucket = await miniflare.getR2Bucket(binding);
    /** @type {string | undefined} */
    let cursor;
    do {
      const page = await bucket.list({ cursor });
      found.push(...page.objects.map(({ key, size }) => `${binding}/${key} ${size}`));
      cursor = page.truncated ? page.cursor : undefined;
    } while (cursor !== undefined);
  }
  return found.sort();
}
