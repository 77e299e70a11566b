// The table of all runtimes, from what each has said: run by `cargo xtask test compatibility`, after the steps that ask them.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { test } from "node:test";

import { root } from "../support/worker.js";
import { readResults } from "./results.js";
import { RUNTIMES } from "./runtimes.js";
import { agrees, page } from "./table.js";
import { vectors } from "./vectors.js";

const PAGE = `${root}/docs/compatibility.md`;
const WASM = "`@cidery/verifier`, packed and installed";
/** In the order of the columns: name, and how the vectors are judged there. */
const SHOWN = {
  rust: ["Rust", "`cargo test`"],
  node: ["Node 24", WASM],
  node20: ["Node 20", WASM],
  workerd: ["workerd", WASM],
  chromium: ["Chromium", `${WASM}, headless`],
  deno: ["Deno", `${WASM}, without any permission`],
  bun: ["Bun", WASM],
  python: ["Python", "the wheel of `bindings/python`, installed"],
};
/** What decides on versions that the lock file doesn't pin. */
const UNPINNED = { rust: "as `rust-toolchain.toml` says", chromium: "Debian's", python: "the one at hand; the wheel is for 3.9 and later" };

test("every runtime judges every vector alike, and the committed table says so", async () => {
  const folder = process.env.CIDERY_RESULTS;
  assert(folder, "CIDERY_RESULTS is not set: run this by `cargo xtask test`");
  const [all, results] = [await vectors(), await readResults(folder)];
  const columns = [];
  for (const [runtime, [name, how]] of Object.entries(SHOWN)) {
    const outcomes = results.get(runtime);
    assert(outcomes, `nothing is known of ${name}: run all steps of \`cargo xtask test\``);
    columns.push({ name, how, version: await version(runtime), outcomes });
    assert.deepEqual(Object.keys(outcomes).sort(), all.map(({ id }) => id).sort(), `${name} was asked of other vectors`);
  }
  assert.deepEqual([...results.keys()].sort(), Object.keys(SHOWN).sort(), "each runtime has a column");

  const made = page(all, columns);
  const disagreements = columns.flatMap((column) => all.filter((vector) => !agrees(column, vector)).map(({ id }) => `${column.name}: ${id}`));
  assert.deepEqual(disagreements, []);
  if (process.env.UPDATE_COMPATIBILITY) await writeFile(PAGE, made);
  const committed = await readFile(PAGE, "utf8").catch(() => "");
  assert(committed === made, "run it again with UPDATE_COMPATIBILITY=1 where the change is meant");
});

/** The version that the lock file pins, or who else decides. @param {string} runtime */
async function version(runtime) {
  const pin = RUNTIMES[runtime]?.pin;
  if (pin === undefined) return UNPINNED[/** @type {keyof typeof UNPINNED} */ (runtime)];
  const { packages } = JSON.parse(await readFile(`${root}/package-lock.json`, "utf8"));
  return packages[`node_modules/${pin}`].version;
}
