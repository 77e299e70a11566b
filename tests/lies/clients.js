// Those who ask a registry: the loader in workerd, the command, and a monitor. Each says in a word what it makes of what it is told.

import assert from "node:assert/strict";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { cidery, python } from "../support/command.js";
import { multikey } from "../support/objects.js";
import { scratch } from "../support/scratch.js";
import { root } from "../support/worker.js";
import { COSIGNER, LOG_KEY, ORIGIN, PUBLISHER } from "./liar.js";

/** @typedef {import("../support/worker.js").RunningWorker} RunningWorker */

/**
 * Somebody who looks at a registry, and remembers what was there.
 * @typedef {AsyncDisposable & { look: () => Promise<string> }} Client
 */

/** What a client says that finds nothing wrong. */
export const ACCEPTED = "accepted";

/**
 * Whom clients trust.
 * @param {{ log?: object, rule?: object, witness?: { name: string, key: string } }} [besides] what is said of the log and of packages besides, and
 *   the witness whose word is wanted
 */
export const policyOf = ({ log, rule, witness } = {}) => ({
  origins: {
    [ORIGIN]: {
      logKeys: [LOG_KEY],
      cosigner: COSIGNER,
      ...(witness && { witnesses: [{ name: witness.name, key: witness.key }], quorum: 1 }),
      ...log,
    },
  },
  packages: { "@acme/*": { origin: ORIGIN, keys: [multikey(PUBLISHER.public)], ...rule } },
});

/** @typedef {ReturnType<typeof policyOf>} Policy */

/** Ranges that mean the same: a loader keeps its verdict on one for as long as it may. */
const RANGES = ["^1", "^1.0.0", "1.x"];

/**
 * A new loader in a Worker of the fixture.
 * @param {RunningWorker} worker
 * @param {string} registry
 * @param {Policy} policy
 * @returns {Promise<Client>}
 */
export async function startLoader(worker, registry, policy) {
  /** @param {string} route @param {object} body @returns {Promise<any>} */
  const ask = async (route, body) => {
    const response = await fetch(`${worker.url}/${route}`, { method: "POST", body: JSON.stringify(body) });
    return response.json();
  };
  const now = () => Math.floor(Date.now() / 1000);
  assert.deepEqual(await ask("create", { registry, policy, now: now() }), {});
  let looks = 0;
  const look = async () => {
    await ask("clock", { now: now() });
    const { code, status } = await ask("load", { reference: `@acme/hello@${RANGES[looks++]}` });
    assert(code !== undefined || status === 200, "it runs, or it says why not");
    return code ?? ACCEPTED;
  };
  return { look, [Symbol.asyncDispose]: async () => {} };
}

/**
 * A person with the command, its policy and its memory.
 * @param {string} registry
 * @param {Policy} policy
 * @returns {Promise<Client>}
 */
export async function startCommand(registry, policy) {
  const home = await homeWith(policy);
  const out = join(home.path, "out");
  const look = async () => {
    const verified = await home.run("verify", "@acme/hello@^1", "--registry", registry);
    const fetched = await home.run("fetch", "@acme/hello@^1", "--out", out, "--registry", registry);
    const [word, again] = [verified, fetched].map(({ exit, said }) => {
      assert.equal(exit, said[0].error === undefined ? 0 : 1, JSON.stringify(said));
      return said[0].error?.code ?? ACCEPTED;
    });
    assert.equal(word, again, "`verify` and `fetch` say the same");
    const { revocation = "proven" } = /** @type {{ revocation?: string }} */ (policy.packages["@acme/*"]);
    if (word === ACCEPTED) assert.equal(verified.said[0].revocation, revocation);
    await rm(out, { recursive: true, force: true });
    return word;
  };
  return { look, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

/**
 * A monitor that looks when it is told to. What it finds is, with a space, followed by what its evidence shows; another party and
 * the independent program must be convinced by it.
 * @param {string} registry
 * @param {Policy} policy
 * @returns {Promise<Client>}
 */
export async function startMonitor(registry, policy) {
  const home = await homeWith(policy);
  const dir = join(home.path, "watched");
  const look = async () => {
    const { exit, said } = await home.run("log", "monitor", "--dir", dir, "--once", "--registry", registry);
    const last = said.at(-1);
    const code = last.error?.code ?? last.fault?.code;
    assert.equal(exit, code === undefined ? 0 : 1, JSON.stringify(said));
    const files = (await readdir(dir)).filter((name) => name.startsWith("evidence-"));
    assert.equal(files.length, last.evidence === undefined ? 0 : 1, `${files}`);
    if (code === undefined) return ACCEPTED;
    if (code === "log.map") {
      // So does whoever reads all of the log once.
      const { said } = await home.run("log", "check", "--registry", registry);
      assert.equal(said.at(-1).fault.code, code);
    }
    return files.length === 0 ? code : `${code} ${await convicted(join(dir, files[0]), policy, code)}`;
  };
  return { look, [Symbol.asyncDispose]: () => home[Symbol.asyncDispose]() };
}

/**
 * What evidence shows to others, who know the log's keys: its kind.
 * @param {string} file
 * @param {Policy} policy
 * @param {string} code under which a log that does so is refused
 * @returns {Promise<string>}
 */
export async function convicted(file, policy, code) {
  await using home = await homeWith(policy);
  const { exit, said } = await home.run("log", "check", "--evidence", file);
  assert.deepEqual([exit, said[0].code], [0, code], JSON.stringify(said));
  const program = join(root, "tests/independent/evidence.py");
  const { code: other, stdout, stderr } = await python([program, file, ORIGIN, LOG_KEY, COSIGNER]);
  assert.equal(other, 0, stdout + stderr);
  const { kind, code: shown } = JSON.parse(stdout);
  assert.deepEqual([kind, shown], [said[0].kind, code]);
  return kind;
}

/** A configuration of its own for the command. @param {Policy} policy */
async function homeWith(policy) {
  const home = await scratch();
  const config = join(home.path, "config");
  await mkdir(config);
  await writeFile(join(config, "policy.json"), JSON.stringify(policy));
  const env = { CIDERY_CONFIG: config, CI: "" };
  /** Each line of the answer. @param {string[]} args */
  const run = async (...args) => {
    const { code, stdout, stderr } = await cidery([...args, "--json"], { env, cwd: home.path });
    assert.notEqual(stdout, "", `${args.join(" ")}\n${stderr}`);
    return { exit: code, said: stdout.trim().split("\n").map((line) => JSON.parse(line)) };
  };
  return { ...home, run };
}
