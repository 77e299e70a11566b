// The vectors of tests/vectors/verify.

import { readFile, readdir } from "node:fs/promises";

import { root } from "../support/worker.js";

/** @typedef {import("./judge.js").Vector} Vector */

const FOLDER = `${root}/tests/vectors/verify`;
const FIELDS = ["about", "expect", "head", "manifest", "modules", "name", "now", "policy", "receipt", "request", "seen"];

/** @param {string} name @returns {Promise<Vector>} */
export async function vector(name) {
  const read = JSON.parse(await readFile(`${FOLDER}/${name}.json`, "utf8"));
  const fields = Object.keys(read).sort();
  if (fields.join() !== FIELDS.join()) throw new Error(`${name}: the fields ${fields} are not those of a vector`);
  if (read.name !== name) throw new Error(`${name}: the vector calls itself ${read.name}`);
  return read;
}

/** All of them; none at all is an error. */
export async function vectors() {
  const files = await readdir(FOLDER);
  if (files.length === 0) throw new Error(`no vectors in ${FOLDER}`);
  return Promise.all(files.sort().map((file) => vector(file.replace(/\.json$/, ""))));
}
