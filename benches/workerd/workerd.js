// A Worker in workerd alone: no inspector and no proxy stand beside what is timed.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";

import * as workerd from "workerd";

import { bundle } from "../../tests/support/bundle.js";

const executable = /** @type {any} */ (workerd).default?.default ?? workerd.default;

/** A text literal of Cap'n Proto. @param {string} text */
const quote = (text) => JSON.stringify(text);

/**
 * Starts the Worker of an entry file with a Worker Loader, on a free port of loopback.
 * @param {string} entry
 * @param {Record<string, string>} texts its bindings
 * @returns {Promise<AsyncDisposable & { url: string }>}
 */
export async function startWorkerd(entry, texts) {
  const folder = await mkdtemp(join(tmpdir(), "cidery-bench-"));
  const { modules } = await bundle(entry);
  const lines = [];
  for (const { type, path, contents } of modules) {
    const name = basename(path);
    await writeFile(join(folder, name), contents);
    lines.push(`(name = ${quote(name)}, ${type === "ESModule" ? "esModule" : "wasm"} = embed ${quote(name)})`);
  }
  const bindings = Object.entries(texts).map(([name, text]) => `(name = ${quote(name)}, text = ${quote(text)})`);
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "bench", worker = .bench),
    (name = "internet", network = (allow = ["public", "127.0.0.1/32"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "bench")],
);
const bench :Workerd.Worker = (
  modules = [${lines.join(", ")}],
  compatibilityDate = "2026-10-01",
  bindings = [(name = "LOADER", workerLoader = (id = "loader")), ${bindings.join(", ")}],
);
`;
  await writeFile(join(folder, "config.capnp"), config);
  const args = ["serve", "--experimental", join(folder, "config.capnp"), "--control-fd=1"];
  const child = spawn(/** @type {string} */ (executable), args, { stdio: ["ignore", "pipe", "inherit"] });
  process.once("exit", () => child.kill("SIGKILL"));
  const stop = async () => {
    child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line);
    if (said.event === "listen") return { url: `http://127.0.0.1:${said.port}`, [Symbol.asyncDispose]: stop };
  }
  await stop();
  throw new Error("workerd ended before it listened");
}
