// Registries that ask real witnesses, and clients whose policies ask for their word: through both hosts (SPEC §7.7, §10.4).

import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { call } from "../support/client.js";
import { cidery } from "../support/command.js";
import { checkpointOf } from "../support/log.js";
import { startRegistryWorker, startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";
import { asFlags, asVariable, startWitness } from "../support/witness.js";

const NAME = "@acme/watched";

/** @typedef {import("../support/witness.js").Witness} Witness */

/** @type {[string, (data: string, witnesses: Witness[]) => Promise<import("../support/registry.js").Registry>][]} */
const HOSTS = [
  ["server", (data, witnesses) => startServer({ data, args: asFlags(witnesses) })],
  ["worker", (persist, witnesses) => startRegistryWorker({ persist, vars: { WITNESSES: asVariable(witnesses) } })],
];

/** Waits until the head has a line of each of these, and no other witness's. @param {string} url @param {Witness[]} witnesses */
async function untilCosigned(url, ...witnesses) {
  const wanted = witnesses.map(({ name }) => name).sort();
  for (let attempt = 0; ; attempt++) {
    const { origin, signers, text } = await checkpointOf(url);
    const others = signers.filter((name) => name !== origin && name !== `${origin}/cosigner`).sort();
    if (`${others}` === `${wanted}`) return;
    assert.ok(attempt < 300, `cosigned by ${wanted} within 30 seconds\n${text}`);
    await sleep(100);
  }
}

for (const [host, start] of HOSTS) {
  describe(`witnesses of the ${host}`, () => {
    test("a policy with a quorum of 2 takes a release once two witnesses have cosigned its head", async () => {
      await using data = await scratch();
      await using home = await scratch();
      const folder = async (/** @type {string} */ name) => {
        await mkdir(join(home.path, name), { recursive: true });
        return join(home.path, name);
      };

      // The log has a key before it has witnesses.
      const first = await start(data.path, []);
      const log = (await call(`${first.url}/v1/log`)).body;
      await first.stop();
      await using w1 = await startWitness("witness.example/w1", await folder("w1"), log);
      await using w2 = await startWitness("witness.example/w2", await folder("w2"), log);
      await w2.stop();

      const registry = await start(data.path, [w1, w2]);
      /** @param {string[]} args */
      const attempt = async (...args) => {
        const env = { CIDERY_CONFIG: join(home.path, "config"), CI: "", CIDERY_REGISTRY: url };
        const { code, stdout, stderr } = await cidery([...args, "--json"], { env });
        assert.notEqual(stdout, "", `${args.join(" ")}\n${stderr}`);
        return { exit: code, answer: JSON.parse(stdout), stderr };
      };
      let { url } = registry;
      const publish = async (/** @type {string} */ version, /** @type {string} */ key, name = NAME) => {
        const dir = await folder(`src-${version}`);
        await writeFile(join(dir, "index.js"), `export default { fetch: () => new Response("${version}") };\n`);
        const toml = `name = "${name}"\nversion = "${version}"\nentry = "index.js"\n[compatibility]\ndate = "2026-10-01"\n`;
        await writeFile(join(dir, "cidery.toml"), toml);
        return attempt("publish", dir, "--key", key);
      };
      const key = join(home.path, "key");
      assert.equal((await attempt("keys", "new", "--out", key)).exit, 0);
      const published = await publish("1.0.0", key);
      assert.equal(published.exit, 0, published.stderr);

      const witnesses = [w1, w2].map(({ name, key }) => ({ name, key }));
      /** The verdict of a policy with this quorum. @param {number} quorum */
      const verify = async (quorum) => {
        const { origin, logKeys, cosigner } = log;
        const rule = { origin, init: published.answer.init };
        const policy = {
          origins: { [origin]: { logKeys, cosigner, witnesses, quorum } },
          packages: { [NAME]: rule },
        };
        const file = join(home.path, `policy-${quorum}.json`);
        await writeFile(file, JSON.stringify(policy));
        const { exit, answer } = await attempt("verify", `${NAME}@^1`, "--policy", file);
        return exit === 0 ? answer : answer.error.code;
      };

      // One is there, and one is not: nobody waits for it.
      await untilCosigned(url, w1);
      assert.equal(await verify(2), "log.witnesses");
      assert.equal((await verify(1)).version, "1.0.0");
      assert.equal((await verify(0)).version, "1.0.0");

      // The other one comes, and is asked about the next head, from the first entry on.
      await w2.start();
      const second = await publish("1.1.0", key);
      assert.equal(second.exit, 0, second.stderr);
      await untilCosigned(url, w1, w2);
      const verdict = await verify(2);
      assert.equal(verdict.version, "1.1.0");
      assert.deepEqual(verdict.head.witnesses, [w1.name, w2.name]);

      // Both know each other's heads after a restart, and the witnesses remember, too.
      await w1.stop();
      await w1.start();
      await registry.stop();
      await using again = await start(data.path, [w1, w2]);
      url = again.url;
      await untilCosigned(url, w1, w2);
      const third = await publish("1.2.0", key);
      assert.equal(third.exit, 0, third.stderr);
      await untilCosigned(url, w1, w2);
      assert.equal((await verify(2)).version, "1.2.0");

      // T18: a witness publishes nothing here.
      const mixed = await publish("0.0.1", w1.keyFile, "@acme/mixed");
      assert.deepEqual([mixed.exit, mixed.answer.error?.code], [1, "record.invalid"]);
    });
  });
}

test("T23: a witness that has cosigned another tree signs no second one of its size, and its registry serves on", async () => {
  await using home = await scratch();
  const [one, two] = [join(home.path, "one"), join(home.path, "two")];
  const registry = await startServer({ data: one });
  const log = (await call(`${registry.url}/v1/log`)).body;
  await registry.stop();
  await mkdir(join(home.path, "w"));
  await using witness = await startWitness("witness.example/w1", join(home.path, "w"), log);

  // The same keys and origin, and two histories: what a copied data folder does.
  await cp(one, two, { recursive: true });
  const publish = async (/** @type {string} */ url, /** @type {string} */ name) => {
    const dir = join(home.path, name.slice(1));
    // Each publisher sees one of the trees: whoever saw both would know.
    const env = { CIDERY_CONFIG: join(dir, "config"), CI: "" };
    await mkdir(dir, { recursive: true });
    await writeFile(join(dir, "index.js"), "export default {};\n");
    const toml = `name = "${name}"\nversion = "1.0.0"\nentry = "index.js"\n[compatibility]\ndate = "2026-10-01"\n`;
    await writeFile(join(dir, "cidery.toml"), toml);
    const key = join(home.path, "key");
    await cidery(["keys", "new", "--out", key], { env });
    const { code, stderr } = await cidery(["publish", dir, "--key", key], { env: { ...env, CIDERY_REGISTRY: url } });
    assert.equal(code, 0, stderr);
  };
  {
    await using honest = await startServer({ data: one, args: asFlags([witness]) });
    await publish(honest.url, "@acme/one");
    await untilCosigned(honest.url, witness);
  }
  await using forked = await startServer({ data: two, args: asFlags([witness]) });
  await publish(forked.url, "@acme/two");
  for (let attempt = 0; !forked.log.some((line) => /w1` did not cosign the head: .* two trees of 3 entries/.test(line)); attempt++) {
    assert.ok(attempt < 300, `its operator is told within 30 seconds\n${forked.log.join("\n")}`);
    await sleep(100);
  }
  const { size, origin, signers } = await checkpointOf(forked.url);
  assert.deepEqual([size, signers], [3, [origin, `${origin}/cosigner`]]);
});
