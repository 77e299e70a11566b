// Node's `fs` for packages with WebAssembly, which read their binaries by name: these are in no folder, but modules.
import fs from "node:fs";
import { contentOf } from "SHIM";

const bufferOf = (path) => {
  const bytes = contentOf(path);
  return bytes && Buffer.from(bytes);
};

export * from "node:fs";
export const existsSync = (path) => contentOf(path) !== undefined || fs.existsSync(path);
export const readFileSync = (path, ...options) => bufferOf(path) ?? fs.readFileSync(path, ...options);
export function readFile(path, ...rest) {
  const bytes = bufferOf(path);
  if (bytes === undefined) fs.readFile(path, ...rest);
  else queueMicrotask(() => rest.at(-1)(null, bytes));
}
export const promises = {
  ...fs.promises,
  readFile: async (path, ...options) => bufferOf(path) ?? fs.promises.readFile(path, ...options),
};
export default { ...fs, existsSync, readFileSync, readFile, promises };
