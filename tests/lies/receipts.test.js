// A record that was acknowledged and is not there: its receipt, with any later head of the log, is evidence (SPEC §10.7) that
// convinces others.

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import * as dagCbor from "@ipld/dag-cbor";

import { Tree } from "../loader/log.js";
import { entriesOf, leafHash, tilePath } from "../support/log.js";
import { scratch } from "../support/scratch.js";
import { convicted, policyOf } from "./clients.js";
import { COSIGNER, LOG_KEY, ORIGIN, Publisher, startLiar } from "./liar.js";

const hex = (/** @type {Uint8Array} */ bytes) => Buffer.from(bytes).toString("hex");
/** Hashes that stand one after another. @param {Uint8Array} bytes */
const hashes = (bytes) => Array.from({ length: bytes.length / 32 }, (_, at) => hex(bytes.subarray(32 * at, 32 * at + 32)));

/**
 * What a publisher holds whose record nobody else is shown, and what everybody else is shown.
 * @typedef {{ receipt: any, note: string, entries: Uint8Array[] }} Both
 */

/** @type {[kind: string, code: string, others: string[], evidence: (both: Both) => object][]} */
const CASES = [
  ["rollback", "log.rollback", [], ({ receipt, note }) => ({ cosigner: COSIGNER, a: text(receipt.checkpoint), b: note })],
  ["roots", "log.fork", ["one"], ({ receipt, note }) => ({ a: text(receipt.checkpoint), b: note })],
  [
    "leaves",
    "log.fork",
    ["one", "two"],
    ({ receipt: { index, record, checkpoint, inclusion }, note, entries }) => ({
      index,
      a: { checkpoint: text(checkpoint), leaf: hex(leafHash(record)), inclusion: hashes(inclusion) },
      b: {
        checkpoint: note,
        leaf: hex(leafHash(entries[index])),
        inclusion: hashes(new Tree(entries).inclusion(index, entries.length)),
      },
    }),
  ],
];
const text = (/** @type {Uint8Array} */ note) => Buffer.from(note).toString();

for (const [kind, code, others, evidence] of CASES) {
  test(`T23: a receipt whose record is not in the log is evidence: ${kind}`, async () => {
    await using home = await scratch();
    await using liar = await startLiar({ behind: 30 });
    await new Publisher(liar.url).begin();
    await liar.tell({ copy: "then" });
    const { receipt } = await new Publisher(liar.url, "@acme/held").begin();
    await liar.tell({ clock: 0 }, { show: "then" }, "renew");
    for (const name of others) await new Publisher(liar.url, `@acme/${name}`).begin();

    const note = await (await fetch(`${liar.url}/v1/checkpoint`)).text();
    const size = Number(note.split("\n")[1]);
    const bundle = await fetch(`${liar.url}/v1/${tilePath("entries", 0, size)}`);
    const entries = entriesOf(new Uint8Array(await bundle.arrayBuffer()));
    assert.equal(entries.length, size);
    const shown = evidence({ receipt: dagCbor.decode(Buffer.from(receipt, "base64")), note, entries });

    const file = join(home.path, "evidence.json");
    await writeFile(file, JSON.stringify({ format: "cidery-evidence-v1", origin: ORIGIN, logKey: LOG_KEY, kind, ...shown }));
    assert.equal(await convicted(file, policyOf(), code), kind);
  });
}
