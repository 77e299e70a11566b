// A program's value by way of @cloudflare/worker-bundler, in workerd as its documentation says.

import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { startWorker } from "../support/worker.js";
import { DATE, project } from "./list.js";
import { answered, failed } from "./outcome.js";

/** Fetching, bundling and running take no longer. */
const LIMIT = 120_000;
/** Programs that one host bundles: it keeps the memory of all that it has bundled. */
const PROGRAMS = 8;

/** A host Worker, started anew now and then; `await using` stops it. */
export class WorkerBundler {
  #registry;
  /** @type {import("../support/worker.js").RunningWorker | undefined} */
  #host;
  #left = 0;

  /** @param {string} registry */
  constructor(registry) {
    this.#registry = registry;
  }

  /** With the registry that npm uses. */
  static async start() {
    const { stdout } = await promisify(execFile)("npm", ["config", "get", "registry"]);
    return new WorkerBundler(stdout.trim().replace(/\/$/, ""));
  }

  async [Symbol.asyncDispose]() {
    await this.#host?.stop();
    this.#host = undefined;
  }

  /**
   * Bundles the program's files, with the dependencies' versions in `package.json`, and runs it. What the registry failed at is asked
   * for once more.
   * @param {import("./list.js").Program} program
   * @returns {Promise<import("./outcome.js").Outcome>}
   */
  async runs(program) {
    const { "package-lock.json": _, "cidery.toml": __, ...files } = await project(program);
    const first = await this.#ask(files);
    const isRefused = "step" in first && /returned 5\d\d|timed out|Network connection lost/.test(first.error);
    return isRefused ? this.#ask(files) : first;
  }

  /** @param {Record<string, string>} files */
  async #ask(files) {
    if (this.#left === 0) await this[Symbol.asyncDispose]();
    this.#host ??= await startWorker("tests/compat/fixtures/wrangler.jsonc", { vars: { REGISTRY: this.#registry } });
    this.#left = (this.#left || PROGRAMS) - 1;
    try {
      const body = JSON.stringify({ files, compatibilityDate: DATE });
      return await answered(await fetch(this.#host.url, { method: "POST", body, signal: AbortSignal.timeout(LIMIT) }));
    } catch (error) {
      await this[Symbol.asyncDispose]();
      return failed("run", error);
    }
  }
}
