// A page in headless Chromium, and what it has to say.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { text } from "node:stream/consumers";

const ANSWERED_WITHIN = 60_000;
const TYPES = { ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

/** Debian's package is called so too. */
const chromium = () => process.env.CIDERY_CHROMIUM ?? "chromium-headless-shell";

/**
 * Opens `/` and gives what the page posts to `/answers`.
 * @param {string} folder what is served, but for what `bodies` has
 * @param {Record<string, string>} bodies by path; `/` is the page
 * @param {string} [registry] the address that everything below `/v1/` is fetched from
 */
export async function inChromium(folder, bodies, registry) {
  /** @type {PromiseWithResolvers<string>} */
  const answer = Promise.withResolvers();
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    if (path === "/answers") {
      answer.resolve(await text(request));
      return response.end();
    }
    const body = path.startsWith("/v1/")
      ? Buffer.from(await (await fetch(registry + path)).arrayBuffer())
      : (bodies[path] ?? (await readFile(join(folder, path)).catch(() => undefined)));
    response.setHeader("content-type", TYPES[/** @type {".js"} */ (extname(path))] ?? "text/html");
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const browser = browse(`http://127.0.0.1:${port}/`, `${folder}/.chromium`);
  const late = setTimeout(() => browser.fail(`the page has not answered within ${ANSWERED_WITHIN} ms`), ANSWERED_WITHIN);
  try {
    return await Promise.race([answer.promise, browser.failed]);
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
  child.once("error", (error) => fail(`${error.message}; is it installed?`));
  child.once("close", (code) => fail(`ended with ${code}`));
  failed.catch(() => {}); // once the answer is there, nobody waits for it
  const close = async () => {
    child.stdio[3]?.destroy();
    await closed;
  };
  return { failed, fail, close };
}
