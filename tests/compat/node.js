// The values that Node gives, from the packages that the lock file pins.

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { FOLDER } from "./list.js";
import { failed } from "./outcome.js";

/** @typedef {import("./list.js").Program} Program */

/** No program takes longer. */
const LIMIT = 60_000;

/**
 * Installs what these programs depend on, once for each lock file, with npm.
 * @param {Program[]} programs
 * @returns {Promise<string>} the folder with `node_modules`
 */
export async function install(programs) {
  const dependencies = Object.assign({}, ...programs.map((program) => program.dependencies));
  const lock = await readFile(join(FOLDER, "package-lock.json"));
  const manifest = JSON.stringify({ name: "cidery-compat", private: true, type: "module", dependencies });
  const key = createHash("sha256").update(lock).update(manifest).digest("hex").slice(0, 16);
  const folder = join(process.env.CIDERY_CACHE || join(homedir(), ".cache/cidery"), "compat", key);
  if (await stat(folder).catch(() => undefined)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  await writeFile(join(unfinished, "package.json"), manifest);
  await writeFile(join(unfinished, "package-lock.json"), lock);
  const npm = spawn("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: unfinished, stdio: ["ignore", 2, 2] });
  const [code] = await once(npm, "close");
  if (code !== 0) throw new Error(`npm install ended with ${code}`);
  await rename(unfinished, folder).catch(() => rm(unfinished, { recursive: true })); // another run was quicker
  return folder;
}

/**
 * Runs a program in a process of its own.
 * @param {string} folder where its packages are installed
 * @param {Program} program
 * @returns {Promise<import("./outcome.js").Outcome>}
 */
export async function nodeValue(folder, { id, source }) {
  const file = join(folder, "programs", `${id}.js`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, source);
  const child = fork(join(FOLDER, "run.js"), [file], { env: { ...process.env, TZ: "UTC", LANG: "en_US.UTF-8" }, silent: true, timeout: LIMIT, killSignal: "SIGKILL" });
  /** @type {import("./outcome.js").Outcome | undefined} */
  let outcome;
  let errors = "";
  child.on("message", (/** @type {any} */ json) => (outcome = { value: JSON.parse(json) }));
  child.stdout?.resume();
  child.stderr?.setEncoding("utf8").on("data", (text) => (errors += text));
  const [code, signal] = await once(child, "close");
  return outcome ?? failed("run", errors || `ended with ${signal ?? code}`);
}
