// The verifier as wasm and the loader, in real workerd, against the same work without any check: one JSON object a line.
//
// Both sides are timed in turn, A B A B …, from outside of workerd; what an empty request takes is subtracted. Figures are medians
// in milliseconds for one piece of work, and the ratio is ours to theirs.

import { fileURLToPath } from "node:url";

import { call, originOf, post, upload } from "../../tests/support/client.js";
import { initOf, keyOf, manifestOf, moduleOf, multikey, releaseOf } from "../../tests/support/objects.js";
import { startServer } from "../../tests/support/registry.js";
import { startWorkerd } from "./workerd.js";

const KEY = keyOf("bench");
const LINE = "export const answer$ = (question) => question.length + $ * 42; // the work of a package\n";

/** Modules of code, `bytes` in all. @param {string} name @param {number} bytes */
function modulesOf(name, bytes) {
  const modules = [];
  for (let at = 0, left = bytes; left > 0; at++, left -= 256 << 10) {
    const size = Math.min(left, 256 << 10);
    const entry = at === 0 ? "export default { fetch: () => new Response('first response') };\n" : "";
    let code = `// ${name}, part ${at}\n${entry}`;
    for (let n = 0; code.length < size; n++) code += LINE.replaceAll("$", String(n));
    modules.push(moduleOf(at === 0 ? "index.js" : `m${String(at).padStart(4, "0")}.js`, code));
  }
  return modules;
}

/** @param {string} url @param {string} origin @param {string} name @param {number} bytes */
async function publish(url, origin, name, bytes) {
  const modules = modulesOf(name, bytes);
  const manifest = manifestOf(modules, (body) => (body.main = "index.js"));
  const init = initOf({ origin, name, key: KEY });
  const release = releaseOf({ origin, name, key: KEY, version: "1.0.0", manifest: manifest.cid, authority: init.cid });
  const records = [init.envelope, release.envelope];
  await post(url, records, manifest.bytes);
  for (const { cid, bytes } of modules) await upload(url, release.cid, cid, bytes);
  const { status, body } = await post(url, records, manifest.bytes);
  if (status !== 201) throw new Error(JSON.stringify(body));
  return { manifest: manifest.cid, modules };
}

/** @param {number[]} figures */
const median = (figures) => figures.sort((a, b) => a - b)[figures.length >> 1];

await using registry = await startServer();
const origin = await originOf(registry.url);
const { logKeys, cosigner } = (await call(`${registry.url}/v1/log`)).body;
const policy = {
  origins: { [origin]: { logKeys, cosigner } },
  packages: { "@bench/*": { origin, keys: [multikey(KEY.public)] } },
};
const vars = { REGISTRY: registry.url, POLICY: JSON.stringify(policy) };
await using worker = await startWorkerd(fileURLToPath(new URL("worker.ts", import.meta.url)), vars);

/** Milliseconds that a request takes. @param {string} path */
async function time(path) {
  const start = performance.now();
  const response = await fetch(`${worker.url}/${path}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return performance.now() - start;
}

/**
 * @param {string} name
 * @param {number} rounds
 * @param {number} times how often a request does the work
 * @param {(round: number) => string} ours
 * @param {(round: number) => string} theirs
 * @param {string} empty a request that does nothing
 */
async function compare(name, rounds, times, ours, theirs, empty) {
  const figures = { ours: /** @type {number[]} */ ([]), theirs: /** @type {number[]} */ ([]), empty: /** @type {number[]} */ ([]) };
  await time(ours(-1));
  await time(theirs(-1));
  for (let round = 0; round < rounds; round++) {
    figures.ours.push(await time(ours(round)));
    figures.theirs.push(await time(theirs(round)));
    figures.empty.push(await time(empty));
  }
  const base = median(figures.empty);
  const [a, b] = [(median(figures.ours) - base) / times, (median(figures.theirs) - base) / times];
  console.log(JSON.stringify({ name, ratio: a / b, ours: a, theirs: b, unit: "ms", n: rounds * times }));
}

for (const [size, rounds, times] of /** @type {const} */ ([[1, 15, 10], [10, 9, 2]])) {
  const name = `@bench/size${size}`;
  await publish(registry.url, origin, name, size << 20);
  const empty = `prepare?name=${name}`;
  await time(empty);
  const work = (/** @type {string} */ what) => () => `${what}?name=${name}&n=${times}`;
  await compare(`workerd_verify_${size}mb_vs_webcrypto_sha256`, rounds, times, work("verify"), work("sha256"), empty);
}

const name = "@bench/hello";
const { manifest, modules } = await publish(registry.url, origin, name, 100_000);
const empty = `prepare?name=${name}`;
await time(empty);
const blobs = modules.map(({ path, cid }) => `${path}=${cid}`).join(",");
const cold = (/** @type {string} */ what) => (/** @type {number} */ round) =>
  `${what}?name=${name}&i=${round}&manifest=${manifest}&blobs=${encodeURIComponent(blobs)}`;
await compare("workerd_cold_load_100kb_vs_unchecked", 60, 1, cold("coldChecked"), cold("coldUnchecked"), empty);
await compare(
  "workerd_cold_load_100kb_vs_modules_at_hand",
  60,
  1,
  (round) => cold("coldChecked")(round + 1000),
  cold("coldReady"),
  empty,
);
const warm = (/** @type {string} */ what) => () => `${what}?name=${name}&n=200`;
await compare("workerd_warm_call_vs_unchecked", 15, 200, warm("warmChecked"), warm("warmUnchecked"), empty);
