// The list: `packages/<category>/<name>.js` is a program that uses the npm package that `package.json` has under that name, and whose
// default export gives a value that JSON can hold.

import { readFile, readdir } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join, relative } from "node:path";

import { root } from "../support/worker.js";

/** Where the list is. */
export const FOLDER = join(root, "tests/compat");

/** The categories, as the table shows them. */
export const CATEGORIES = {
  utilities: "Utilities",
  validators: "Validators",
  parsers: "Parsers",
  templates: "Templates",
  frameworks: "Frameworks",
  crypto: "Cryptography",
  dates: "Dates",
  data: "Data structures and formats",
  wasm: "WebAssembly inside",
  node: "Node's built-in modules",
  services: "Clients of services and databases",
  commonjs: "CommonJS only",
  versions: "Two versions of one package",
};

/**
 * @typedef {object} Program
 * @property {string} id `<category>/<name>`
 * @property {string} name of the package in `package.json`
 * @property {{ name: string, version: string }} npm the package that the name stands for
 * @property {string} source
 * @property {Record<string, string>} dependencies of the program, as `package.json` has them
 */

/**
 * The programs in a stable order: all of them, or those whose package or id is named.
 * @param {string[]} [wanted]
 * @returns {Promise<Program[]>}
 */
export async function programs(wanted = []) {
  const { dependencies } = JSON.parse(await readFile(join(FOLDER, "package.json"), "utf8"));
  /** @type {Program[]} */
  const all = [];
  for (const category of Object.keys(CATEGORIES)) {
    const folder = join(FOLDER, "packages", category);
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    for (const file of files.sort()) {
      const name = relative(folder, file).slice(0, -".js".length);
      const source = await readFile(file, "utf8");
      all.push({ id: `${category}/${name}`, name, npm: aliased(name, dependencies[name]), source, dependencies: used(source, dependencies) });
    }
  }
  const unknown = wanted.filter((one) => !all.some(({ id, name }) => one === id || one === name));
  if (unknown.length > 0) throw new Error(`not on the list: ${unknown.join(", ")}`);
  return wanted.length === 0 ? all : all.filter(({ id, name }) => wanted.includes(id) || wanted.includes(name));
}

/** `zod3`, which is `npm:zod@3.25.76`, is zod. @param {string} name @param {string} spec */
function aliased(name, spec) {
  const [, other, version] = /^npm:(.+)@(.+)$/.exec(spec) ?? [];
  return other === undefined ? { name, version: spec } : { name: other, version };
}

/** What a program imports. @param {string} source @param {Record<string, string>} dependencies */
function used(source, dependencies) {
  const specifiers = [...source.matchAll(/(?:\bfrom |^import |\bimport\()"([^"]+)"/gm)].map(([, specifier]) => specifier);
  const names = specifiers.map((specifier) => specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/"));
  return Object.fromEntries(names.filter((name) => dependencies[name] || !isBuiltin(name)).map((name) => [name, dependencies[name]]));
}

/** The folder of a program, as files. @param {Program} program @returns {Promise<Record<string, string>>} */
export async function project({ id, source, dependencies }) {
  const name = `@compat/${id.replaceAll(/[^a-z0-9]+/g, "-")}`;
  return {
    "package.json": JSON.stringify({ name, version: "1.0.0", type: "module", dependencies }),
    "package-lock.json": await readFile(join(FOLDER, "package-lock.json"), "utf8"),
    "program.js": source,
    "index.js": INDEX,
    "cidery.toml": `name = "${name}"\nversion = "1.0.0"\nentry = "index.js"\n\n[compatibility]\ndate = "${DATE}"\nflags = ["nodejs_compat"]\n`,
  };
}

/** The compatibility date of all programs. */
export const DATE = "2026-10-01";

/** Answers with the program's value, or with how it fails. */
const INDEX = `import program from "./program.js";

export default {
  async fetch() {
    try {
      return Response.json({ value: (await program()) ?? null });
    } catch (error) {
      return Response.json({ error: String(error?.stack ?? error) });
    }
  },
};
`;
