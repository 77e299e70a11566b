// The package as people get it: packed, installed into an empty folder, with the programs of this folder beside it.

import assert from "node:assert/strict";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";

import { run } from "../support/process.js";
import { scratch } from "../support/scratch.js";
import { root } from "../support/worker.js";

/**
 * Packs and installs `@cidery/verifier`; `await using` removes the folder.
 * @returns {Promise<AsyncDisposable & { path: string }>}
 */
export async function installed() {
  const folder = await scratch();
  const { path } = folder;
  await npm(["pack", `${root}/bindings/js`, "--pack-destination", path], path);
  const [tarball] = await readdir(path);
  assert.match(tarball, /^cidery-verifier-[\d.]+\.tgz$/);
  await writeFile(`${path}/package.json`, JSON.stringify({ private: true, type: "module" }));
  await npm(["install", "--offline", "--ignore-scripts", "--no-audit", "--no-fund", `./${tarball}`], path);
  await cp(`${root}/tests/conformance/programs`, path, { recursive: true });
  return folder;
}

/** What the installed package's `package.json` says is imported under a condition. @param {string} path @param {string} condition */
export async function entry(path, condition) {
  const folder = "node_modules/@cidery/verifier";
  const { exports } = JSON.parse(await readFile(`${path}/${folder}/package.json`, "utf8"));
  return `${folder}/${exports["."][condition].slice("./".length)}`;
}

/** @param {string[]} args @param {string} cwd */
async function npm(args, cwd) {
  const { code, stdout, stderr } = await run("npm", args, { cwd });
  assert.equal(code, 0, `npm ${args.join(" ")}\n${stdout}${stderr}`);
}
