// Modules on their way from a registry into an isolate. What is handed over is what was checked: the bytes lie in buffers
// that nobody else has ever held, and texts are decoded from those very buffers.

import type { Module, Verdict } from "@cidery/verifier";

import { CideryError } from "./errors.ts";
import type { RegistryClient } from "./registry.ts";

/** How many modules are fetched at once: as many connections as a Worker may have open. */
const AT_ONCE = 6;

/** The modules of a release, as Worker Loader takes them. */
export type Modules = Record<string, WorkerLoaderModule>;

/** Fetches and checks every module of a verdict. Nothing is handed out before all of them have passed. */
export async function fetchModules(registry: RegistryClient, verdict: Verdict): Promise<Modules> {
  const modules: Modules = {};
  const left = verdict.manifest.modules.values();
  const worker = async (): Promise<void> => {
    for (const module of left) modules[module.path] = sealed(module, await fetchModule(registry, verdict, module));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return modules;
}

/** Each chunk is copied first, and the copy is what is hashed. */
async function fetchModule(registry: RegistryClient, verdict: Verdict, module: Module): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(module.size);
  const check = verdict.check(module.path);
  let length = 0;
  for await (const chunk of registry.blob(module.cid)) {
    const room = bytes.subarray(length, length + chunk.length);
    if (room.length < chunk.length) check.update(chunk); // refused: it is too long
    room.set(chunk);
    check.update(room);
    length += chunk.length;
  }
  check.finish();
  return bytes;
}

function sealed({ path, kind }: Module, bytes: Uint8Array<ArrayBuffer>): WorkerLoaderModule {
  switch (kind) {
    case "esm":
      return { js: text(bytes) };
    case "cjs":
      return { cjs: text(bytes) };
    case "text":
      return { text: text(bytes) };
    case "json":
      return { json: json(path, text(bytes)) };
    case "data":
      return { data: bytes.buffer };
    case "wasm":
      return { wasm: bytes.buffer };
  }
}

/** Refuses what is not UTF-8 and keeps a byte order mark, so that no two byte strings become one text (SPEC §5.3). */
const text = (bytes: Uint8Array): string => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

function json(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CideryError("isolate.failed", `the module \`${path}\` is not JSON`, { cause });
  }
}
