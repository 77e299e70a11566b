// What the Worker's operator configures, and what it says where that cannot be used.

import assert from "node:assert/strict";
import { test } from "node:test";

import { call, originOf, packageOf, post, publish } from "../support/client.js";
import { keyOf, multikey } from "../support/objects.js";
import { opensshOf } from "../support/openssh.js";
import { startRegistryWorker } from "../support/registry.js";
import { scratch } from "../support/scratch.js";

/**
 * `WITNESSES` as a variable.
 * @param {[name: string, key: string | number][]} witnesses a key by its seed, or what stands in its place
 */
const witnessesOf = (...witnesses) =>
  JSON.stringify(
    witnesses.map(([name, key]) => ({
      name,
      url: "https://witness.example",
      key: typeof key === "number" ? multikey(keyOf(key).public) : key,
    })),
  );

test("T36: a secret that is missing or no key is named, and its text is nowhere", async () => {
  const foreign = opensshOf(7).replace("OPENSSH PRIVATE", "DSA PRIVATE");
  for (const [vars, code, named] of /** @type {const} */ ([
    [{ LOG_KEY: "" }, "environment", /`LOG_KEY` is not set/],
    [{ COSIGNER_KEY: "" }, "environment", /`COSIGNER_KEY` is not set/],
    [{ LOG_KEY: "hunter2" }, "environment", /`LOG_KEY`: not an OpenSSH private key/],
    [{ COSIGNER_KEY: foreign }, "environment", /`COSIGNER_KEY`: not an OpenSSH private key/],
    [{ COSIGNER_KEY: opensshOf(2) }, "key.unusable", /the same key/],
    [{ ORIGIN: "" }, "environment", /`ORIGIN` is not set/],
    [{ ORIGIN: "Not An Origin" }, "environment", /`ORIGIN` is not the name of a log/],
    [{ SCOPES: "everybody" }, "environment", /`SCOPES` is neither/],
    [{ SCOPES: '{"acme":["z6Mk"]}' }, "environment", /`SCOPES` is neither/],
    [{ WITNESSES: "w1" }, "environment", /`WITNESSES` is not a list of witnesses/],
    [{ WITNESSES: '[{"name":"w1"}]' }, "environment", /`WITNESSES` is not .* missing field `url`/],
    [{ WITNESSES: witnessesOf(["w1", "z6Mk"]) }, "environment", /`WITNESSES` is not .* w1: /],
    [{ WITNESSES: witnessesOf(["a b", 9]) }, "environment", /"a b" is not 1 to 128 printable/],
    [{ WITNESSES: witnessesOf(["w1", 9], ["w1", 10]) }, "environment", /`w1` is there twice/],
    [{ WITNESSES: witnessesOf(["w1", 9], ["w2", 9]) }, "environment", /the witness `w1` and the witness `w2` have the same key/],
    [{ WITNESSES: witnessesOf(["w1", 9]).replace("https:", "file:") }, "environment", /wanted an http or https address/],
    [{ WITNESSES: witnessesOf(["w1", 2]) }, "key.unusable", /the log and the witness `w1` have the same key/],
    [{ WITNESSES: witnessesOf(["w1", 3]) }, "key.unusable", /its cosigner and the witness `w1` have the same key/],
    [{ WITNESSES: witnessesOf(["registry.example/log", 9]) }, "usage", /is the name of the log/],
  ])) {
    await using registry = await startRegistryWorker({ vars });
    for (const path of ["log", "packages/@acme/hello", "log"]) {
      const { status, body } = await call(`${registry.url}/v1/${path}`);
      assert.deepEqual([status, body.error.code], [503, code], path);
      assert.match(body.error.message, named);
      assert.ok(body.error.hint);
      const said = JSON.stringify(body) + registry.log.join("\n");
      for (const secret of ["hunter2", "b3BlbnNzaC1rZXktdjE", "AAAAC3NzaC1lZDI1NTE5"]) {
        assert.ok(!said.includes(secret), said);
      }
    }
    assert.deepEqual(await registry.listing(), [], "nothing is stored");
  }
});

test("a registry that was not configured starts once it is", async () => {
  await using data = await scratch();
  {
    await using registry = await startRegistryWorker({ persist: data.path, vars: { LOG_KEY: "" } });
    assert.equal((await call(`${registry.url}/v1/log`)).status, 503);
  }
  await using registry = await startRegistryWorker({ persist: data.path });
  const { status, body } = await call(`${registry.url}/v1/log`);
  assert.equal(status, 200);
  assert.deepEqual(body.logKeys, [multikey(keyOf(2).public)]);
  assert.equal(body.cosigner, multikey(keyOf(3).public));
});

test("who may begin packages is the configuration's word, and closed unless it says", async () => {
  const key = keyOf("acme");
  const listed = JSON.stringify({ acme: [multikey(key.public)], empty: [] });
  for (const [SCOPES, allowed] of /** @type {const} */ ([
    ["", []],
    ["closed", []],
    [listed, ["@acme/a"]],
    ["open", ["@acme/a", "@empty/a", "@other/a", "@acme/stranger"]],
  ])) {
    await using registry = await startRegistryWorker({ vars: { SCOPES } });
    const origin = await originOf(registry.url);
    for (const [name, by] of /** @type {const} */ ([
      ["@acme/a", key],
      ["@empty/a", key],
      ["@other/a", key],
      ["@acme/stranger", keyOf("stranger")],
    ])) {
      const made = packageOf({ origin, name, key: by });
      const { status, code } = await post(registry.url, made.records, made.manifest.bytes);
      const wanted = /** @type {readonly string[]} */ (allowed).includes(name);
      assert.deepEqual([status, code], wanted ? [202, undefined] : [403, "scope.denied"], `${name} where ${SCOPES}`);
    }
  }
});

test("T18: a package key that is a key of the log, its cosigner or a witness is refused", async () => {
  await using registry = await startRegistryWorker({ vars: { WITNESSES: witnessesOf(["w1", 9]) } });
  const origin = await originOf(registry.url);
  for (const [seed, name] of /** @type {const} */ ([[2, "@acme/log"], [3, "@acme/cosigner"], [9, "@acme/witness"]])) {
    const { status, code } = await publish(registry.url, packageOf({ origin, name, key: keyOf(seed) }));
    assert.deepEqual([status, code], [422, "record.invalid"]);
  }
});
