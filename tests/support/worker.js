// Workers in real workerd, configured by the very file that deploys them.

import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from "wrangler";

import { bundle } from "./bundle.js";
import { scratch } from "./scratch.js";

/** The project's root. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * A Worker that listens on loopback; `await using` stops it.
 * @typedef {object} Listening
 * @property {string} url without a trailing slash
 * @property {string[]} log what it has written to the console so far, and uncaught errors
 * @property {string[]} buckets names of its R2 bindings
 * @property {Miniflare} miniflare for what only it can do: `getR2Bucket`, `getKVNamespace`, `getBindings`
 * @property {() => Promise<void>} stop
 *
 * @typedef {AsyncDisposable & Listening} RunningWorker
 */

/**
 * Bundles and starts the Worker of a wrangler project.
 *
 * R2, KV, Durable Objects, Worker Loader and the compatibility date are as its `wrangler.jsonc` says. Storage is kept in
 * `persist` where that is given, so that a second start finds it, and else goes away with the Worker.
 * @param {string} config path of `wrangler.jsonc`, from the project's root
 * @param {{ persist?: string, vars?: Record<string, string>, beside?: string[] }} [options] `vars` are added to those of the file;
 *   secrets are given here too. `beside` are the files of other Workers that run with it: `miniflare.getWorker(name)` reaches them
 * @returns {Promise<RunningWorker>}
 */
export async function startWorker(config, { persist, vars = {}, beside = [] } = {}) {
  const [{ workerOptions, worker, externalWorkers }, ...others] = await Promise.all([config, ...beside].map(configured));
  const storage = persist === undefined ? await scratch() : undefined;
  /** @type {string[]} */
  const log = [];
  Object.assign(worker.bindings, vars);

  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false, // a made-up request.cf, instead of one fetched from the web
      telemetry: { enabled: false },
      resourcePersistencePath: persist ?? storage?.path,
      handleStructuredLogs: ({ level, message }) => log.push(`${level}: ${message}`),
      workers: [worker, ...others.map((other) => other.worker), ...externalWorkers],
    }),
  );
  const stop = async () => {
    await miniflare.dispose();
    await storage?.[Symbol.asyncDispose]();
  };
  try {
    const url = (await miniflare.ready).origin;
    const buckets = Object.keys(workerOptions.r2Buckets ?? {});
    return { url, log, buckets, miniflare, stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw new Error(`${config} does not start\n${log.join("\n")}`, { cause: error });
  }
}

/** What a wrangler project says of its Worker, with its modules. @param {string} config */
async function configured(config) {
  const read = unstable_readConfig({ config: resolve(root, config) });
  const { main, workerOptions, externalWorkers } = unstable_getMiniflareWorkerOptions(read);
  if (main === undefined) throw new Error(`${config} names no main module`);
  const worker = { ...workerOptions, name: read.name, bindings: Object.assign({}, workerOptions.bindings), ...(await bundle(main)) };
  delete worker.modulesRules; // for sources; these are modules already
  return { workerOptions, worker, externalWorkers };
}
