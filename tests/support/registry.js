// Both hosts of the registry behind one shape, so that one suite runs on both.

import { cideryPath } from "./command.js";
import { start } from "./process.js";
import { scratch } from "./scratch.js";
import { startWorker } from "./worker.js";

/**
 * A registry that answers on loopback: its address without a trailing slash, what it has written so far, and its end,
 * which `await using` also brings about.
 * @typedef {AsyncDisposable & { url: string, log: string[], stop: () => Promise<void> }} Registry
 */

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
  return { url: server.ready[1], log: server.log, stop, kill, [Symbol.asyncDispose]: stop };
}

/**
 * Starts the registry Worker with R2, KV and its Durable Object.
 * @param {{ persist?: string, vars?: Record<string, string> }} [options] as of {@link startWorker}
 * @returns {Promise<Registry & { miniflare: import("miniflare").Miniflare }>}
 */
export const startRegistryWorker = (options) => startWorker("registry-worker/wrangler.jsonc", options);
