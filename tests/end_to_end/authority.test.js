// Keys get lost, stolen and passed on, and loaders in real workerd follow: by the command, through both registries.

import assert from "node:assert/strict";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";

import { call } from "../support/client.js";
import { cidery } from "../support/command.js";
import { startRegistryWorker, startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { startWorker } from "../support/worker.js";

const NAME = "@acme/team";

/**
 * Whoever publishes `@acme/team`, and whoever runs it.
 * @param {string} url of the registry
 * @param {string} folder for keys, sources and what is trusted
 */
function people(url, folder) {
  const env = { CIDERY_CONFIG: join(folder, "config"), CI: "", CIDERY_REGISTRY: url };
  /** Runs the command, with whatever exit code. @param {string[]} args */
  const attempt = async (...args) => {
    const { code, stdout, stderr } = await cidery([...args, "--json"], { env });
    assert.notEqual(stdout, "", `${args.join(" ")}\n${stderr}`);
    return { exit: code, answer: JSON.parse(stdout), stderr };
  };
  /** Runs the command, which must succeed. @param {string[]} args */
  const run = async (...args) => {
    const { exit, answer, stderr } = await attempt(...args);
    assert.equal(exit, 0, `${args.join(" ")}\n${stderr}\n${JSON.stringify(answer)}`);
    return answer;
  };
  /** Makes a key: its file and its public half. @param {string} name */
  const key = async (name) => {
    const file = join(folder, name);
    return { file, public: (await run("keys", "new", "--out", file)).publicKey };
  };
  /** A package folder whose code answers with its version. @param {string} version */
  const source = async (version) => {
    const dir = join(folder, `src-${version}`);
    await mkdir(dir, { recursive: true });
    const code = `export default { fetch: () => new Response("${version}") };\n`;
    await writeFile(join(dir, "index.js"), code);
    const toml = `name = "${NAME}"\nversion = "${version}"\nentry = "index.js"\n[compatibility]\ndate = "2026-10-01"\n`;
    await writeFile(join(dir, "cidery.toml"), toml);
    return dir;
  };
  /** Publishes a version. @param {string} version @param {string[]} args */
  const publish = async (version, ...args) => run("publish", await source(version), ...args);
  /** What a loader that starts now gives for each range: the answer of the code, or the code of the refusal. */
  const loaded = async (/** @type {object} */ rule, /** @type {string[]} */ ...ranges) => {
    const { origin, logKeys, cosigner } = (await call(`${url}/v1/log`)).body;
    const policy = { origins: { [origin]: { logKeys, cosigner } }, packages: { [NAME]: { origin, ...rule } } };
    const vars = { REGISTRY: url, POLICY: JSON.stringify(policy) };
    await using loader = await startWorker("examples/loader-worker/wrangler.jsonc", { vars });
    const answers = [];
    for (const range of ranges) {
      const response = await fetch(`${loader.url}/${NAME.slice(1)}/${encodeURIComponent(range)}/`);
      const text = await response.text();
      answers.push(response.ok ? text : JSON.parse(text).error.code);
    }
    return answers;
  };
  return { attempt, run, key, source, publish, loaded };
}

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  describe(`who may sign, through the ${host}`, () => {
    test("T07 T11 a stolen key is revoked: what it signed is void, and the loader runs the good release", async () => {
      await using registry = await start();
      await using home = await scratch();
      const { attempt, run, key, source, publish, loaded } = people(registry.url, home.path);
      const [own, thief, recovery] = [await key("own"), await key("thief"), await key("recovery")];
      const { init } = await publish("1.0.0", "--key", own.file, "--recovery", recovery.public);
      await run("keys", "rotate", NAME, "--add", thief.public, "--key", own.file);
      await publish("1.9.0", "--key", thief.file);
      assert.deepEqual(await loaded({ init }, "^1"), ["1.9.0"], "until somebody notices");

      const revoke = ["keys", "revoke", NAME, thief.public, "--key", own.file];
      const asked = await attempt(...revoke);
      assert.equal(asked.exit, 2, "it cannot be undone, and nobody is there to be asked");
      assert.match(asked.stderr, /void for ever: 1\.9\.0 \(record 3\)/, "but it was said");
      await run(...revoke, "--yes");
      assert.deepEqual(await loaded({ init }, "^1", "1.9.0", "^1.9"), ["1.0.0", "release.void", "release.void"]);
      const refused = await attempt("publish", await source("1.9.1"), "--key", thief.file);
      assert.equal(refused.answer.error.code, "envelope.signature");

      // The thief comes back with the last publisher key, and the recovery key takes the package from both.
      await run("keys", "rotate", NAME, "--add", thief.public, "--remove", own.public, "--key", own.file);
      await publish("2.0.0", "--key", thief.file);
      const heir = await key("heir");
      const back = ["--add", heir.public, "--by-recovery", "--key", recovery.file, "--yes"];
      await run("keys", "revoke", NAME, thief.public, ...back);
      assert.deepEqual(await loaded({ init }, "^2", "*"), ["release.void", "1.0.0"]);
      await publish("2.0.1", "--key", heir.file);
      assert.deepEqual(await loaded({ init }, "^2"), ["2.0.1"]);
      assert.deepEqual(await loaded({ recovery: { keys: [recovery.public] } }, "^2"), ["2.0.1"], "pinned by recovery alone");
      assert.deepEqual(await loaded({ keys: [thief.public] }, "^2"), ["policy.key"]);
    });

    test("T11 two of three people publish through files, with no server between them", async () => {
      await using registry = await start();
      await using home = await scratch();
      const { attempt, run, key, source, publish, loaded } = people(registry.url, home.path);
      const [a, b, c] = [await key("a"), await key("b"), await key("c")];
      const file = join(home.path, "release.json");
      const publishers = [a, b, c].flatMap((key) => ["--publisher", key.public]);
      await run("publish", await source("1.0.0"), "--unsigned-out", file, ...publishers, "--threshold", "2");
      const copy = join(home.path, "copy.json");
      await copyFile(file, copy);
      const asked = await attempt("sign", file, "--key", a.file);
      assert.equal(asked.exit, 2, "it says who may sign, and nobody is there to be asked");
      assert.match(asked.stderr, /from then on, 2 of these 3 keys may sign for the package/, "but it was said");
      assert.equal((await run("sign", file, "--key", a.file, "--yes")).complete, false);
      const short = await attempt("publish", "--envelope", file);
      assert.equal(short.answer.error.code, "record.threshold");
      await run("sign", copy, "--key", c.file, "--yes");
      const { init } = await run("publish", "--envelope", file, "--envelope", copy);
      const pinned = { keys: [a.public, b.public, c.public], threshold: 2 };
      assert.deepEqual(await loaded(pinned, "^1"), ["1.0.0"]);

      // One of them alone cannot, however often the key is named.
      const alone = await attempt("publish", await source("1.0.1"), "--key", a.file, "--key", a.file);
      assert.equal(alone.answer.error.code, "record.threshold");
      await publish("1.0.1", "--key", b.file, "--key", c.file);
      assert.deepEqual(await loaded({ init }, "^1"), ["1.0.1"]);
    });

    test("a yanked release is passed over by ranges, and brought back", async () => {
      await using registry = await start();
      await using home = await scratch();
      const { run, key, publish, loaded } = people(registry.url, home.path);
      const own = ["--key", (await key("own")).file];
      const { init } = await publish("1.0.0", ...own);
      await publish("1.1.0", ...own);
      await run("yank", `${NAME}@1.1.0`, "--severity", "high", "--reason", "security", ...own);
      assert.deepEqual(await loaded({ init }, "^1", "1.1.0"), ["1.0.0", "release.yanked"]);
      await run("yank", `${NAME}@1.1.0`, "--undo", ...own);
      assert.deepEqual(await loaded({ init }, "^1"), ["1.1.0"]);
    });

    test("T08 a channel names releases by parts, and moves only by a signed record", async () => {
      await using registry = await start();
      await using home = await scratch();
      const { attempt, run, key, publish } = people(registry.url, home.path);
      const own = ["--key", (await key("own")).file];
      const { init, origin } = await publish("1.0.0", ...own);
      await publish("1.1.0", ...own);
      await run("channel", "set", `${NAME}:stable`, "1.0.0", "1.1.0=10%", ...own);
      const { logKeys, cosigner } = (await call(`${registry.url}/v1/log`)).body;
      const rule = { origin, init, channels: ["stable"] };
      const policy = { origins: { [origin]: { logKeys, cosigner } }, packages: { [NAME]: rule } };
      const file = join(home.path, "policy.json");
      await writeFile(file, JSON.stringify(policy));
      const version = async (/** @type {string} */ bucket) =>
        (await run("verify", `${NAME}:stable`, "--bucket", bucket, "--policy", file)).version;
      assert.deepEqual(
        [await version("0"), await version("8999"), await version("9000"), await version("9999")],
        ["1.0.0", "1.0.0", "1.1.0", "1.1.0"],
      );
      const other = await attempt("verify", `${NAME}:beta`, "--policy", file);
      assert.equal(other.answer.error.code, "policy.channel");
      const stranger = await key("stranger");
      const moved = await attempt("channel", "set", `${NAME}:stable`, "1.1.0", "--key", stranger.file);
      assert.equal(moved.answer.error.code, "envelope.signature");
    });
  });
}
