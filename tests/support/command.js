// The commands under test. `cargo xtask test node` says where they are.

import { run } from "./process.js";

/** @typedef {Awaited<ReturnType<typeof run>>} Output */

/** The path of the `cidery` command. */
export const cideryPath = () => required("CIDERY_BIN");
/** The path of the registry that lies, `tests/liar`. */
export const liarPath = () => required("CIDERY_LIAR");
/** The path of a Python that has the packages of `tests/independent/requirements.txt` and of `tests/foreign/requirements.txt`. */
export const pythonPath = () => required("CIDERY_PYTHON");

/**
 * Runs `cidery` to its end.
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 * @returns {Promise<Output>}
 */
export const cidery = (args, options) => run(cideryPath(), args, options);

/**
 * Runs a Python program to its end.
 * @param {string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 * @returns {Promise<Output>}
 */
export const python = (args, options) => run(pythonPath(), args, options);

/** @param {string} name */
function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run this by \`cargo xtask test node\``);
  return value;
}
