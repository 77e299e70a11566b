// What each runtime said of each vector, for the table in docs/compatibility.md.

import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";

/**
 * What one runtime said of some of the vectors; a runtime may write several files.
 * @typedef {{ runtime: string, results: Record<string, unknown> }} Results
 */

/**
 * Writes `<runtime>.json` into the folder that `CIDERY_RESULTS` names; without it, nobody asked.
 * @param {string} runtime
 * @param {Results["results"]} results
 */
export async function writeResults(runtime, results) {
  const folder = process.env.CIDERY_RESULTS;
  if (!folder) return;
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/${runtime}.json`, JSON.stringify({ runtime, results }));
}

/** All results of a folder, by runtime. @param {string} folder @returns {Promise<Map<string, Results["results"]>>} */
export async function readResults(folder) {
  const all = new Map();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith(".json")).sort()) {
    /** @type {Results} */
    const { runtime, results } = JSON.parse(await readFile(`${folder}/${file}`, "utf8"));
    const before = all.get(runtime) ?? {};
    const twice = Object.keys(results).filter((id) => id in before);
    if (twice.length > 0) throw new Error(`${file}: ${runtime} has been asked of ${twice} already`);
    all.set(runtime, { ...before, ...results });
  }
  return all;
}
