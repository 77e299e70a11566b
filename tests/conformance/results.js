// What each runtime said of each vector, for the table in docs/compatibility.md.

import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";

/**
 * Outcomes by a vector's id, `<folder>/<name>`. Files hold them by folder and name: `<runtime>.json`, or several of
 * `<runtime>.<part>.json`.
 * @typedef {Record<string, unknown>} Outcomes
 */

/**
 * Writes a runtime's outcomes into the folder that `CIDERY_RESULTS` names; without it, nobody asked.
 * @param {string} runtime
 * @param {Outcomes} outcomes
 */
export async function writeResults(runtime, outcomes) {
  const folder = process.env.CIDERY_RESULTS;
  if (!folder) return;
  /** @type {Record<string, Outcomes>} */
  const nested = {};
  for (const [id, outcome] of Object.entries(outcomes)) {
    const [vectors, name] = id.split("/");
    (nested[vectors] ??= {})[name] = outcome;
  }
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${runtime}.json`, JSON.stringify(nested));
}

/** All outcomes of a folder, by runtime. @param {string} folder @returns {Promise<Map<string, Outcomes>>} */
export async function readResults(folder) {
  const all = new Map();
  for (const file of await readdir(folder)) {
    const [runtime] = file.split(".");
    const outcomes = all.get(runtime) ?? {};
    all.set(runtime, outcomes);
    for (const [vectors, named] of Object.entries(JSON.parse(await readFile(`${folder}/${file}`, "utf8")))) {
      for (const [name, outcome] of Object.entries(named)) outcomes[`${vectors}/${name}`] = outcome;
    }
  }
  return all;
}
