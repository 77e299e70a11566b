// A Worker with the loader in real workerd, and a registry whose every byte is the test's.

import assert from "node:assert/strict";

import { moduleOf } from "../support/objects.js";
import { startWorker } from "../support/worker.js";
import { START, StaticRegistry, policyOf } from "./static_registry.js";

/** @typedef {ReturnType<typeof moduleOf>} Module */

const FIXTURES = "tests/loader/fixtures";

/** Code that says its word, and does what its tests ask for. @param {string} word @returns {Module[]} */
export const packageOf = (word) => [
  moduleOf(
    "index.js",
    `
import { WorkerEntrypoint } from "cloudflare:workers";
import word from "./lib/word.txt";
let requests = 0;
export class Greeter extends WorkerEntrypoint { greet(name) { return "hello " + name } }
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/env") return Response.json(env);
    if (pathname === "/count") return new Response(String(++requests));
    if (pathname === "/fetch") return fetch(searchParams.get("url")).catch((error) => new Response("refused: " + error.message));
    return new Response(word);
  },
};
`,
  ),
  moduleOf("lib/word.txt", word, "text"),
];

export const WORD = "caf\u00e9 \u{1f37a}";
export const RANGE = "@acme/hello@^1";

/**
 * A registry with a package, and a Worker with a loader of it.
 * @param {object} [of]
 * @param {Module[]} [of.modules]
 * @param {import("./static_registry.js").Options} [of.options] of the registry
 * @param {Record<string, unknown>} [of.rule] what the policy says of the package besides
 * @param {Record<string, unknown>} [of.log] what it says of the log besides
 * @param {boolean} [of.filtered]
 * @param {boolean} [of.tampers]
 * @param {"memory" | "object" | "kv"} [of.seen] the store; the loader's default where it is absent
 * @param {"read" | "write" | "always"} [of.fails] what the store fails at
 * @param {string} [of.persist] where the Worker's storage is kept
 * @param {StaticRegistry} [of.registry] one that is there already
 */
export async function start({ modules = packageOf(WORD), options, rule, log, filtered, tampers, seen, fails, persist, registry: given } = {}) {
  await using stack = new AsyncDisposableStack();
  const registry = given ?? stack.use(await StaticRegistry.start(modules, options));
  const beside = [`${FIXTURES}/second.jsonc`];
  const worker = stack.use(await startWorker(`${FIXTURES}/wrangler.jsonc`, { beside, ...(persist && { persist }) }));
  const second = await worker.miniflare.getWorker("loader-fixture-second");
  /** @param {string} route @returns {Promise<any>} */
  const ask = async (route, body = {}) => {
    const response = await fetch(`${worker.url}/${route}`, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  };
  /** The same of the second Worker. @param {string} route @returns {Promise<any>} */
  const askSecond = async (route, body = {}) => {
    const response = await second.fetch(`http://second/${route}`, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  };
  const creation = { registry: registry.url, policy: policyOf(rule, log), now: START + 10, filtered, tampers, seen, fails };
  for (const each of [ask, askSecond]) assert.deepEqual(await each("create", creation), {});
  const load = (of = {}) => ask("load", { reference: RANGE, ...of });
  const loadSecond = (of = {}) => askSecond("load", { reference: RANGE, ...of });
  const clock = (/** @type {number} */ now) => ask("clock", { now });
  const started = stack.move();
  return { registry, ask, askSecond, load, loadSecond, clock, [Symbol.asyncDispose]: () => started.disposeAsync() };
}
