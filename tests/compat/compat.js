// `cargo xtask compat [NAME…]`: the programs of the list in Node, by way of Cidery, and by way of @cloudflare/worker-bundler.
//
// UPDATE_COMPAT=1 writes Node's values, and after a run of the whole list its page in the docs.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { argv, env, exit, stderr } from "node:process";
import { isDeepStrictEqual } from "node:util";

import { root } from "../support/worker.js";
import { Cidery } from "./cidery.js";
import { FOLDER, programs } from "./list.js";
import { install, nodeValue } from "./node.js";
import { inLanes, judged } from "./outcome.js";
import { page } from "./table.js";
import { WorkerBundler } from "./worker_bundler.js";

/** @typedef {import("./list.js").Program} Program */
/** @typedef {import("./outcome.js").Outcome} Outcome */

const VALUES = join(FOLDER, "values.json");
const EXCEPTIONS = join(FOLDER, "exceptions.json");
const PAGE = join(root, "docs/compatibility-npm.md");
/** Programs at work at any time. */
const LANES = 2;

const wanted = argv.slice(2);
const list = await programs(wanted);
const values = JSON.parse(await readFile(VALUES, "utf8").catch(() => "{}"));
const exceptions = JSON.parse(await readFile(EXCEPTIONS, "utf8"));
/** @type {string[]} */
const problems = [];

await inNode();
const [ours, theirs] = await Promise.all([byCidery(), byWorkerBundler()]);

for (const { id } of list) {
  const outcome = ours.runs.get(id);
  if (outcome !== undefined && "error" in outcome && !(id in exceptions)) problems.push(`${id} fails at "${outcome.step}": ${outcome.error}`);
  if (outcome !== undefined && "value" in outcome && id in exceptions) problems.push(`${id} gives Node's value: take it out of exceptions.json`);
}
const results = list.map((program) => ({ program, ours: ours.runs.get(program.id), imported: ours.imports.get(program.id), theirs: theirs.get(program.id) }));
await record();
for (const problem of problems) stderr.write(`error: ${problem}\n`);
exit(problems.length === 0 ? 0 : 1);

/** Compares Node's values with those that are committed, or commits them. */
async function inNode() {
  const folder = await install(list);
  await inLanes(list, LANES, async (program) => {
    const outcome = await nodeValue(folder, program);
    if ("error" in outcome) return void problems.push(`${program.id} fails in Node: ${outcome.error}`);
    if (env.UPDATE_COMPAT) values[program.id] = outcome.value;
    if (!isDeepStrictEqual(values[program.id], outcome.value)) problems.push(`${program.id}: Node gives ${JSON.stringify(outcome.value)}`);
  });
  if (!env.UPDATE_COMPAT) return;
  const sorted = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  await writeFile(VALUES, `{\n${sorted.map(([id, value]) => `${JSON.stringify(id)}: ${JSON.stringify(value)}`).join(",\n")}\n}\n`);
}

async function byCidery() {
  /** @type {Map<string, Outcome>} */
  const runs = new Map();
  /** @type {Map<string, Outcome>} */
  const imports = new Map();
  await using cidery = await Cidery.start();
  await inLanes(list, LANES, async (program) => {
    imports.set(program.id, await cidery.imports(program));
    runs.set(program.id, judged(await cidery.runs(program), values[program.id]));
    report("cidery", program, runs.get(program.id));
  });
  return { runs, imports };
}

async function byWorkerBundler() {
  /** @type {Map<string, Outcome>} */
  const runs = new Map();
  await using bundler = await WorkerBundler.start();
  for (const program of list) {
    runs.set(program.id, judged(await bundler.runs(program), values[program.id]));
    report("worker-bundler", program, runs.get(program.id));
  }
  return runs;
}

/** @param {string} by @param {Program} program @param {Outcome | undefined} outcome */
function report(by, { id }, outcome) {
  const said = outcome !== undefined && "error" in outcome ? `${outcome.step}: ${outcome.error.split("\n")[0]}` : "ok";
  stderr.write(`${by.padEnd(14)} ${id.padEnd(36)} ${said}\n`);
}

/** Writes all that is known, and the page after a run of the whole list. */
async function record() {
  const file = join(env.CIDERY_RESULTS || join(root, "target/results"), "compat.json");
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify(results.map(({ program: { id, npm }, ...outcomes }) => ({ id, ...npm, ...outcomes })), null, 1));
  if (wanted.length === 0 && env.UPDATE_COMPAT) await writeFile(PAGE, await page(results, exceptions));
}
