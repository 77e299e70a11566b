// A Worker's sources as the modules that workerd takes.

import { build } from "esbuild";

/**
 * @typedef {object} Module
 * @property {"ESModule" | "CompiledWasm"} type
 * @property {string} path
 * @property {string | Uint8Array} contents
 */

/**
 * Bundles a JavaScript or TypeScript entry into one ES module; each `.wasm` it imports stays a module beside it.
 * @param {string} entry path of the Worker's main module
 * @returns {Promise<{ modules: Module[], modulesRoot: string }>} the main module first
 */
export async function bundle(entry) {
  const modulesRoot = "/bundle"; // names only: nothing is written
  const { outputFiles } = await build({
    entryPoints: { main: entry },
    outdir: modulesRoot,
    write: false,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    loader: { ".wasm": "copy" },
    logLevel: "silent", // a failure is thrown, with all messages
  });
  const modules = outputFiles.map(({ path, contents, text }) =>
    path.endsWith(".wasm")
      ? { type: /** @type {const} */ ("CompiledWasm"), path, contents }
      : { type: /** @type {const} */ ("ESModule"), path, contents: text },
  );
  return { modules: modules.sort((a, b) => Number(b.type === "ESModule") - Number(a.type === "ESModule")), modulesRoot };
}
