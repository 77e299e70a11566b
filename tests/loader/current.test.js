// That what runs is what is current: what the loader says of a registry that withholds, mixes, or shows nothing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";

import * as dagCbor from "@ipld/dag-cbor";

import { leafHash } from "../support/log.js";
import { keyOf, powersOf } from "../support/objects.js";
import { RANGE, WORD, packageOf, start } from "./on.js";
import { MAX_AGE, NAME, PUBLISHER, START } from "./static_registry.js";

/** @typedef {import("./static_registry.js").StaticRegistry} StaticRegistry */
/** @typedef {{ receipt: any, head: any }} Parts of a resolution */

const VERSION = `${NAME}@1.0.0`;
const CHANNEL = `${NAME}:stable`;

/** @param {Uint8Array} resolution @returns {Parts} */
function partsOf(resolution) {
  const { receipt, head } = /** @type {any} */ (dagCbor.decode(resolution));
  return { receipt: dagCbor.decode(receipt), head: dagCbor.decode(head) };
}

/** Has a registry answer with what `change` makes of its resolutions. @param {StaticRegistry} registry @param {(parts: Parts) => void} change */
function spoil(registry, change) {
  registry.change = (path, body) => {
    if (!path.endsWith("/resolve")) return body;
    const parts = partsOf(body);
    change(parts);
    const [receipt, head] = [parts.receipt, parts.head].map((part) => dagCbor.encode(part));
    return Buffer.from(dagCbor.encode({ format: "cidery-resolution-v1", receipt, head }));
  };
}

test("T04: a newer release that is withheld is found out, and one by its version is still what it is", async () => {
  await using on = await start();
  on.registry.release("1.1.0", packageOf("newer"));
  on.registry.offers = "1.0.0";
  assert.equal((await on.load()).code, "log.withheld");
  assert.equal((await on.load({ reference: `${NAME}@~1.0` })).text, WORD, "nothing newer is in this range");
  assert.equal((await on.load({ reference: VERSION })).text, WORD);
  on.registry.offers = undefined;
  assert.equal((await on.load()).text, "newer");
});

test("T04: where leaves are left out, nothing shows that nothing newer is there", async () => {
  await using on = await start();
  for (const version of ["1.1.0", "1.2.0"]) on.registry.release(version, packageOf("newer"));
  on.registry.offers = "1.0.0";
  spoil(on.registry, ({ head }) => {
    const { versions } = head.standing;
    const hidden = versions.leaves.splice(1); // as a proof of the first leaf alone would
    versions.proof = Buffer.concat(hidden.map((/** @type {any} */ { leaf }) => leafHash(leaf)));
  });
  assert.equal((await on.load({ reference: VERSION })).text, WORD);
  assert.equal((await on.load()).code, "log.withheld");
});

describe("a head that shows nothing of the package", () => {
  const without = (/** @type {Parts} */ { head }) => delete head.standing;

  test("is refused", async () => {
    await using on = await start();
    assert.equal((await on.ask("verdict", { reference: RANGE })).revocation, "proven");
    spoil(on.registry, without);
    for (const reference of [VERSION, `${NAME}@1.x`]) assert.equal((await on.load({ reference })).code, "log.unproven");
    assert.equal((await on.load()).text, WORD, "a verdict that holds asks nobody");
  });

  test("is taken where the policy says `unchecked`, the verdict repeats that, and a channel needs it all the same", async () => {
    await using on = await start({ rule: { revocation: "unchecked", channels: ["stable"] } });
    on.registry.add("channel", { name: "stable", targets: [{ release: on.registry.first, weight: 10_000 }] });
    const revocation = async (/** @type {string} */ reference) => (await on.ask("verdict", { reference })).revocation;
    assert.equal(await revocation(RANGE), "proven", "what is shown is proven");
    spoil(on.registry, without);
    assert.equal(await revocation(VERSION), "unchecked");
    assert.equal((await on.load({ reference: VERSION })).text, WORD);
    assert.equal((await on.load({ reference: CHANNEL })).code, "log.unproven");
  });
});

describe("T06: release, authority and channel are under one head", () => {
  for (const [about, refusal, mix] of /** @type {[string, string | undefined, (now: Parts, before: Parts) => void][]} */ ([
    ["as it is", undefined, () => {}],
    ["what was shown under an older head", "log.proof", (now, before) => (now.head.standing = before.head.standing)],
    ["an older head with what is shown now", "log.unproven", (now, before) => (now.head.checkpoint = before.head.checkpoint)],
    ["an older map", "log.proof", (now, before) => (now.head.standing.map = before.head.standing.map)],
    ["an older state", "log.proof", (now, before) => (now.head.standing.state = before.head.standing.state)],
    ["an older authority", "record.authority", (now, before) => (now.head.standing.chain = before.head.standing.chain)],
    ["older versions", "log.proof", (now, before) => (now.head.standing.versions = before.head.standing.versions)],
    ["older channels", "log.proof", (now, before) => (now.head.standing.channels = before.head.standing.channels)],
    ["an older record of the channel", "log.proof", (now, before) => (now.head.standing.channel = before.head.standing.channel)],
    ["an older release", "log.proof", (now, before) => (now.receipt = before.receipt)],
  ])) {
    test(about, async () => {
      await using on = await start({ rule: { channels: ["stable"] } });
      const { registry } = on;
      const point = (/** @type {unknown} */ release) => registry.add("channel", { name: "stable", targets: [{ release, weight: 10_000 }] });
      point(registry.first);
      const answer = await fetch(`${registry.url}/v1/packages/${NAME}/resolve?channel=stable&bucket=0`);
      const before = partsOf(new Uint8Array(await answer.arrayBuffer()));
      const newer = registry.release("1.1.0", packageOf("newer"));
      registry.add("rekey", { by: "publishers", to: powersOf([PUBLISHER, keyOf("another publisher")]), void: [] });
      point(newer.reference);
      spoil(registry, (now) => mix(now, before));
      const { code, text } = await on.load({ reference: CHANNEL });
      assert.deepEqual([code, text], [refusal, refusal === undefined ? "newer" : undefined]);
    });
  }
});

describe("what a registry does not find", () => {
  const other = { reference: "@acme/other@^1" };

  test("is proven where there is no such package", async () => {
    await using on = await start();
    const { code, message } = await on.load(other);
    assert.deepEqual([code, message], ["not_found", "there is no @acme/other: the log of 4 entries proves it"]);
  });

  test("is not proven where the package is there", async () => {
    await using on = await start();
    on.registry.names = [];
    const { code, message } = await on.load();
    assert.deepEqual([code, message], ["not_found", "nothing is here; the log has @acme/hello, up to record 1"]);
  });

  test("is not proven by a mirror that has no proof of it, nor where it breaks off", async () => {
    await using on = await start();
    on.registry.change = (path, body) => (path.endsWith("/proof") ? undefined : body);
    for (const drops of [undefined, /proof/]) {
      on.registry.drops = drops;
      const { code, message } = await on.load(other);
      assert.equal(code, "not_found");
      assert.match(message, /^nothing is here; nothing proves it: ./);
    }
  });

  test("T05: is refused where the head is too old, or the proof is none", async () => {
    await using on = await start();
    await on.clock(START + MAX_AGE + 1);
    assert.equal((await on.load(other)).code, "log.stale");
    await on.clock(START);
    on.registry.change = (path, body) => (path.endsWith("/proof") ? Buffer.of(0xa0) : body);
    assert.equal((await on.load(other)).code, "log.malformed");
  });

  test("T04: is refused where it was seen", async () => {
    await using on = await start();
    assert.equal((await on.load()).text, WORD);
    on.registry.names = [];
    on.registry.withhold();
    assert.equal((await on.load({ reference: VERSION })).code, "log.rollback");
  });
});
