// The vectors of tests/vectors, as every runtime is given them.

import { readFile, readdir } from "node:fs/promises";

import { root } from "../support/worker.js";
import { fromBase64 } from "./programs/judge.js";

/**
 * What is to be judged; a vector's `expect` is what every runtime must say of it. Its `group` is a threat, or a source of signatures.
 * @typedef {{ id: string, group: string, expect: unknown }} Named
 * @typedef {Named & { verify: import("./programs/judge.js").Evidence }} VerifyVector
 * @typedef {Named & { package: import("./programs/judge.js").PackageEvidence }} PackageVector
 * @typedef {Named & { history: string[] }} HistoryVector
 * @typedef {Named & { ed25519: import("./programs/judge.js").Signed }} SignatureVector
 * @typedef {VerifyVector | PackageVector | HistoryVector | SignatureVector} Vector
 */

const EVIDENCE = ["about", "expect", "head", "manifest", "modules", "name", "now", "policy", "receipt", "request", "seen"];
const PACKAGE = ["about", "expect", "name", "now", "package", "policy", "proof", "seen"];
const HISTORY = ["about", "entries", "expect", "name"];
const SIGNED = ["about", "expect", "message", "name", "publicKey", "signature", "why"];

/** Every vector there is, in order of its id: `verify/<name>`, `package/<name>`, `history/<name>` and `ed25519/<name>`. @returns {Promise<Vector[]>} */
export async function vectors() {
  const verify = (await named("verify", EVIDENCE)).map(({ of, ...vector }) => ({ ...vector, verify: of }));
  const packages = (await named("package", PACKAGE)).map(({ of, ...vector }) => ({ ...vector, package: of }));
  const history = (await named("history", HISTORY)).map(({ of, ...vector }) => ({ ...vector, history: of.entries }));
  const ed25519 = (await files("ed25519")).flatMap(({ name, json }) =>
    fields(json, ["cases", "source"], name).cases.map((/** @type {any} */ of) => {
      const { expect, ...signed } = fields(of, SIGNED, `${name}: ${of.name}`);
      return { id: `ed25519/${of.name}`, group: name, ed25519: signed, expect };
    }),
  );
  return [...verify, ...packages, ...history, ...ed25519];
}

/** The vectors of a folder with one in each file. @param {string} folder @param {string[]} names of the fields */
async function named(folder, names) {
  return (await files(folder)).map(({ name, json }) => {
    const { expect, ...of } = fields(json, names, `${folder}/${name}`);
    if (json.name !== name) throw new Error(`${folder}/${name}: the vector calls itself ${json.name}`);
    return { id: `${folder}/${name}`, group: /^T\d+/.exec(name)?.[0] ?? (expect.ok ? "accepted" : "other refusals"), of, expect };
  });
}

/** The evidence of a vector of `verify`. @param {string} name */
export async function evidence(name) {
  const found = (await vectors()).find(({ id }) => id === `verify/${name}`);
  if (found === undefined || !("verify" in found)) throw new Error(`there is no vector ${name}`);
  return found.verify;
}

/** The evidence of a vector of `package`. @param {string} name */
export async function packageEvidence(name) {
  const found = (await vectors()).find(({ id }) => id === `package/${name}`);
  if (found === undefined || !("package" in found)) throw new Error(`there is no vector ${name}`);
  return found.package;
}

/** The entries of a vector of `history`. @param {string} name */
export async function history(name) {
  const found = (await vectors()).find(({ id }) => id === `history/${name}`);
  if (found === undefined || !("history" in found)) throw new Error(`there is no vector ${name}`);
  return found.history.map(fromBase64);
}

/** The JSON files of a folder; none at all is an error. @param {string} folder */
async function files(folder) {
  const path = `${root}/tests/vectors/${folder}`;
  const names = (await readdir(path)).filter((name) => name.endsWith(".json")).sort();
  if (names.length === 0) throw new Error(`no vectors in ${path}`);
  return Promise.all(
    names.map(async (name) => ({
      name: name.replace(/\.json$/, ""),
      json: JSON.parse(await readFile(`${path}/${name}`, "utf8")),
    })),
  );
}

/** An object with exactly these fields. @param {any} object @param {string[]} names @param {string} what */
function fields(object, names, what) {
  const found = Object.keys(object).sort();
  if (found.join() !== names.join()) throw new Error(`${what}: the fields ${found} are not those of a vector: ${names}`);
  return object;
}
