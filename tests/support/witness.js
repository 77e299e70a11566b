// Witnesses as they are run: `cidery witness serve`, with a key and a data folder of their own.

import { join } from "node:path";

import { cidery, cideryPath } from "./command.js";
import { start } from "./process.js";

/**
 * A witness that can be stopped, and started again where it was.
 * @typedef {object} Witness
 * @property {string} name
 * @property {string} key its public key
 * @property {string} keyFile
 * @property {string} url without a trailing slash; the same after a second start
 * @property {() => Promise<void>} start
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a witness of a log on a free port of loopback.
 * @param {string} name
 * @param {string} folder for its key and its data
 * @param {{ origin: string, logKeys: string[] }} log
 * @returns {Promise<Witness & AsyncDisposable>}
 */
export async function startWitness(name, folder, { origin, logKeys }) {
  const keyFile = join(folder, "key");
  const made = await cidery(["keys", "new", "--out", keyFile, "--json"]);
  const key = JSON.parse(made.stdout).publicKey;
  const logs = logKeys.flatMap((logKey) => ["--log", `${origin}=${logKey}`]);
  const args = ["witness", "serve", "--key", keyFile, "--name", name, ...logs, "--data", join(folder, "data")];
  const run = (/** @type {string} */ listen) =>
    start(cideryPath(), [...args, "--listen", listen], { ready: /listening on (http:\/\/127\.0\.0\.1:\d+)/ });
  let running = await run("127.0.0.1:0");
  const url = running.ready[1];
  const stop = () => running.stop();
  const again = async () => {
    running = await run(url.replace("http://", ""));
  };
  return { name, key, keyFile, url, start: again, stop, [Symbol.asyncDispose]: stop };
}

/**
 * What a registry is told of witnesses: as flags of `cidery serve`, and as a variable of the Worker.
 * @param {Pick<Witness, "name" | "key" | "url">[]} witnesses
 */
export const asFlags = (witnesses) =>
  witnesses.flatMap(({ name, key, url }) => ["--witness", `${name}=${key}@${url}`]);

/** @param {Pick<Witness, "name" | "key" | "url">[]} witnesses */
export const asVariable = (witnesses) =>
  JSON.stringify(witnesses.map(({ name, key, url }) => ({ name, key, url })));
