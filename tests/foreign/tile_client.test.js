// A tile client of another project, made for logs of C2SP's kind, reads ours on both hosts: `aics-tlog`, with no more than the
// log's prefix and the keys (SPEC §7, §8, §11.7). What Rust has of this kind: registry-server/tests/foreign.rs.

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { base58btc } from "multiformats/bases/base58";

import { call, fullPackageOf, originOf, publish } from "../support/client.js";
import { python } from "../support/command.js";
import { checkpointOf, entriesOf, tilePath } from "../support/log.js";
import { keyOf, multikey, sha256 } from "../support/objects.js";
import { startRegistryWorker, startServer } from "../support/registry.js";
import { scratch } from "../support/scratch.js";

/** Publishes of 16 records: past 256 entries, so that there are a full tile, partial ones, and level 1. */
const PUBLISHES = 18;
/** How C2SP numbers the keys of notes and of cosignatures. */
const [NOTE, COSIGNATURE] = [0x01, 0x04];

/**
 * A key as C2SP signed-note hands it to verifiers.
 * @param {string} name @param {number} type @param {string} key
 */
function vkey(name, type, key) {
  const typed = Uint8Array.of(type, ...base58btc.decode(key).subarray(2));
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), typed])).subarray(0, 4);
  return `${name}+${Buffer.from(id).toString("hex")}+${Buffer.from(typed).toString("base64")}`;
}

for (const [host, start] of /** @type {const} */ ([
  ["server", startServer],
  ["worker", startRegistryWorker],
])) {
  test(`a tile client of another project reads the log of the ${host}`, async () => {
    await using registry = await start();
    await using folder = await scratch();
    const { url } = registry;
    const origin = await originOf(url);
    const { logKeys, cosigner } = (await call(`${url}/v1/log`)).body;
    const keys = {
      log: vkey(origin, NOTE, logKeys[0]),
      cosigner: vkey(`${origin}/cosigner`, COSIGNATURE, cosigner),
    };

    /**
     * Runs one of the client's commands. It wants the cosigner's timestamp, and a recent one.
     * @param {string} command @param {string[]} args
     */
    const client = async (command, args = [], { log, cosigner } = keys) => {
      const trusted = ["--log-key", log, "--witness-key", cosigner, "--quorum", "1", "--max-age", "300"];
      const asked = ["-m", "aics_tlog", command, ...args, ...trusted, "--tiles", `${url}/v1`];
      const { code, stdout, stderr } = await python(asked);
      const said = stdout.trim() === "" ? stderr : JSON.parse(stdout);
      assert.equal(said.ok, code === 0, `${command}: ${stdout}${stderr}`);
      return said;
    };
    /** @param {string} command @param {string[]} [args] */
    const accepted = async (command, args) => {
      const said = await client(command, args);
      assert.ok(said.ok, JSON.stringify(said));
      return said;
    };

    const seen = [];
    const packages = Array.from({ length: PUBLISHES }, (_, at) => fullPackageOf({ origin, name: `@tiles/p${at}` }));
    // The first alone: it uploads what all have.
    for (const some of [packages.slice(0, 1), packages.slice(1, 7), packages.slice(7)]) {
      const { text, size } = await checkpointOf(url);
      const note = join(folder.path, `${size}.note`);
      await writeFile(note, text);
      seen.push({ note, size });
      const answers = await Promise.all(some.map((made) => publish(url, made)));
      for (const { status, body } of answers) assert.equal(status, 201, JSON.stringify(body));
    }

    const { size, root } = await checkpointOf(url);
    assert.ok(size > 256, `${size} entries`);
    const head = await accepted("verify-checkpoint");
    const wanted = { origin, size, root, log_ok: true, cosignatures: 1, tiles_ok: true };
    assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((key) => [key, head[key]])), wanted);

    for (const index of [0, 255, 256, size - 1]) {
      const file = join(folder.path, `${index}.entry`);
      const proven = await accepted("verify-inclusion", ["--index", `${index}`, "--entry-out", file]);
      assert.deepEqual([proven.index, proven.size], [index, size]);
      const bundle = Math.floor(index / 256);
      const path = tilePath("entries", bundle, Math.min(size - 256 * bundle, 256));
      const bytes = new Uint8Array(await (await fetch(`${url}/v1/${path}`)).arrayBuffer());
      assert.deepEqual(new Uint8Array(await readFile(file)), new Uint8Array(entriesOf(bytes)[index % 256]));
    }

    for (const { note, size: old } of seen) {
      const grown = await accepted("verify-consistency", ["--old-checkpoint", note]);
      assert.deepEqual([grown.old_size, grown.new_size], [old, size]);
    }

    // It does look: with the keys of others, there is nothing that it takes.
    const other = multikey(keyOf("another").public);
    const others = [
      { ...keys, log: vkey(origin, NOTE, other) },
      { ...keys, cosigner: vkey(`${origin}/cosigner`, COSIGNATURE, other) },
    ];
    for (const trusted of others) {
      assert.equal((await client("verify-checkpoint", [], trusted)).ok, false);
    }
  });
}
