// A program's value by way of Cidery: its package is imported; the program is bundled, signed and published, and what the loader has
// verified runs in an isolate.

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { call } from "../support/client.js";
import { cidery } from "../support/command.js";
import { startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { startWorker } from "../support/worker.js";
import { project } from "./list.js";
import { answered, failed } from "./outcome.js";

/** @typedef {import("./list.js").Program} Program */
/** @typedef {import("./outcome.js").Outcome} Outcome */

/** No command takes longer: code of others runs over code of others, and may hang. */
const COMMAND_LIMIT = 600_000;
const RUN_LIMIT = 60_000;

/** A registry, someone who publishes, and a Worker with the loader; `await using` ends them. */
export class Cidery {
  #home;
  #registry;
  #policy;
  /** @type {import("../support/worker.js").RunningWorker | undefined} */
  #loader;
  /** Isolates are asked one after another: one that hangs hangs all of workerd. @type {Promise<unknown>} */
  #turn = Promise.resolve();

  /**
   * @param {Awaited<ReturnType<typeof scratch>>} home
   * @param {Awaited<ReturnType<typeof startServer>>} registry
   * @param {unknown} policy
   */
  constructor(home, registry, policy) {
    this.#home = home;
    this.#registry = registry;
    this.#policy = policy;
  }

  static async start() {
    const home = await scratch();
    const registry = await startServer();
    const key = join(home.path, "id_ed25519");
    const { code, stdout, stderr } = await cidery(["keys", "new", "--out", key, "--json"], { env: { CIDERY_CONFIG: home.path } });
    if (code !== 0) throw new Error(stderr);
    const { origin, logKeys, cosigner } = (await call(`${registry.url}/v1/log`)).body;
    const rule = { origin, keys: [JSON.parse(stdout).publicKey] };
    return new Cidery(home, registry, { origins: { [origin]: { logKeys, cosigner } }, packages: { "@compat/*": rule, "@npm/*": rule } });
  }

  async [Symbol.asyncDispose]() {
    await this.#loader?.stop();
    await this.#registry.stop();
    await this.#home[Symbol.asyncDispose]();
  }

  /**
   * Imports a program's package, with all that it exports, under its name in the scope `@npm`.
   * @param {Program} program
   * @returns {Promise<Outcome>} what it exports, and what of it is left out
   */
  async imports(program) {
    const folder = await this.#folder(program);
    const { name, version } = program.npm;
    const locked = program.name === name ? ["--locked", folder] : [];
    const said = await this.#command(["import", `npm:${name}@${version}`, ...locked]);
    return said.error ? failed("import", said.error.message) : { value: { exports: said.exports, skipped: said.skipped } };
  }

  /**
   * Publishes the program, and runs it.
   * @param {Program} program
   * @returns {Promise<Outcome>}
   */
  async runs(program) {
    const folder = await this.#folder(program);
    const said = await this.#command(["publish", folder]);
    if (said.error) return failed("bundle", said.error.message);
    const turn = this.#turn.then(() => this.#ask(`${said.package.slice(1)}/${said.version}/`));
    this.#turn = turn;
    return turn;
  }

  /** @param {string} path @returns {Promise<Outcome>} */
  async #ask(path) {
    const vars = { REGISTRY: this.#registry.url, POLICY: JSON.stringify(this.#policy) };
    this.#loader ??= await startWorker("examples/loader-worker/wrangler.jsonc", { vars });
    try {
      return await answered(await fetch(`${this.#loader.url}/${path}`, { signal: AbortSignal.timeout(RUN_LIMIT) }));
    } catch (error) {
      await this.#loader.stop();
      this.#loader = undefined;
      return failed("run", error);
    }
  }

  /** The object that a command prints. @param {string[]} args @returns {Promise<any>} */
  async #command(args) {
    const at = ["--registry", this.#registry.url, "--key", join(this.#home.path, "id_ed25519"), "--json", "--quiet"];
    const { stdout, stderr, code } = await cidery([...args, ...at], { env: { CIDERY_CONFIG: this.#home.path, CI: "" }, timeout: COMMAND_LIMIT });
    try {
      return JSON.parse(stdout);
    } catch {
      return { error: { message: `ended with ${code}: ${stderr}` } };
    }
  }

  /** @param {Program} program */
  async #folder(program) {
    const folder = join(this.#home.path, program.id.replaceAll("/", "-"));
    await mkdir(folder, { recursive: true });
    for (const [name, text] of Object.entries(await project(program))) await writeFile(join(folder, name), text);
    return folder;
  }
}
