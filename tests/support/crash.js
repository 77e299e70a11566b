// Publishing to a registry that ends at any moment, and what must hold of it afterwards.

import assert from "node:assert/strict";

import { verifier } from "@cidery/verifier";

import * as dagCbor from "@ipld/dag-cbor";

import { call, packageOf, post, publish } from "./client.js";
import { Author, keyOf, multikey, objectCid, powersOf } from "./objects.js";

/** How many packages are being published at any time. */
const LANES = 4;

/** The newest checkpoint's size and root. @param {string} url of the registry */
export async function headOf(url) {
  const response = await fetch(`${url}/v1/checkpoint`);
  assert.equal(response.status, 200);
  const [, size, root] = (await response.text()).split("\n");
  return { size: Number(size), root };
}

/** What was published to one log through crashes and restarts, and which heads of it were seen. */
export class Publishing {
  /** Who publishes. */
  key = keyOf("crash");
  #next = keyOf("crash, later");
  #rounds = 0;
  /** Roots by size. @type {Map<number, string>} */
  #heads = new Map();
  /** The answers by package. @type {Map<string, { made: ReturnType<typeof packageOf>, body: any }>} */
  acknowledged = new Map();
  /** The answers to what came after the release. @type {Map<string, { records: any[], body: any }>} */
  #continued = new Map();

  /** Resolved by the next answer. */
  #heard = Promise.withResolvers();

  /** @param {string} origin the log's */
  constructor(origin) {
    this.origin = origin;
  }

  /**
   * Publishes one new package after another, and other keys and a channel of each, until `crash` is over.
   * @param {string} url of the registry
   * @param {() => Promise<void>} crash
   */
  async until(url, crash) {
    const round = this.#rounds++;
    let alive = true;
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let at = 0; alive; at++) {
        const made = packageOf({ origin: this.origin, name: `@crash/r${round}-l${lane}-n${at}`, key: this.key });
        // The connection may break at any point; only an answer counts.
        const answer = await publish(url, made).catch(() => undefined);
        if (answer?.status === 201) {
          await this.acknowledge(url, made, answer.body);
        }
        const head = await headOf(url).catch(() => undefined);
        if (head !== undefined) this.#see(head);
      }
    });
    await Promise.all([crash().finally(() => (alive = false)), ...lanes]);
  }

  /**
   * Takes note of an answer, and publishes other keys and a channel.
   * @param {string} url of the registry
   * @param {ReturnType<typeof packageOf>} made
   * @param {any} body
   */
  async acknowledge(url, made, body) {
    this.acknowledged.set(made.name, { made, body });
    this.#heard.resolve(undefined);
    const records = this.#continuation(made);
    const after = await post(url, records).catch(() => undefined);
    if (after?.status === 201) this.#continued.set(made.name, { records, body: after.body });
  }

  /** Waits for the next publish to be acknowledged. */
  async hears() {
    this.#heard = Promise.withResolvers();
    await this.#heard.promise;
  }

  /** No head that was seen is taken back, or has a sibling. @param {string} url of the registry, restarted */
  async assertContinued(url) {
    const head = await headOf(url);
    this.#see(head);
    for (const size of this.#heads.keys()) assert.ok(size <= head.size, `a head of size ${size} is taken back`);
  }

  /**
   * Every acknowledged release is there, everything that shows is proven and complete, and nothing else is in the log.
   * @param {{ url: string, listing: () => Promise<string[]> }} registry
   */
  async assertHeld({ url, listing }) {
    for (const [name, { made, body }] of this.acknowledged) {
      const again = await post(url, made.records, made.manifest.bytes);
      assert.deepEqual([again.status, again.body], [200, body], `${name} was acknowledged`);
    }
    assert.ok(this.#continued.size > 0, "some packages have other keys and a channel");
    for (const [name, { records, body }] of this.#continued) {
      const again = await post(url, records);
      assert.deepEqual([again.status, again.body], [200, body], `${name} has its other keys and its channel`);
    }
    const stored = await listing();
    const names = [...new Set(stored.flatMap((line) => /\/packages\/(@crash\/[^/ ]+)\//.exec(line)?.[1] ?? []))];
    const indexes = await this.#prove(url, names);
    for (const [name, { body }] of this.acknowledged) assert.equal(indexes.get(name), body.index, name);

    const receipts = stored.flatMap((line) => /\/receipts\/(\S+) /.exec(line)?.[1] ?? []);
    const records = (await Promise.all(names.map((name) => recordsOf(url, name)))).flat();
    assert.deepEqual(records.sort(), receipts.sort(), "each record of a package that shows has its receipt, and nothing else");
    const { size } = await headOf(url);
    const maps = size - receipts.length;
    assert.ok(maps > 0 && maps <= receipts.length, `and is in the log once: beside ${receipts.length} records, ${maps} maps`);
  }

  /** Other keys, and a channel under them. @param {ReturnType<typeof packageOf>} made */
  #continuation({ name, init, release }) {
    const author = new Author(this.origin, name, { init, release });
    const rekey = author.add("rekey", { by: "publishers", to: powersOf([this.#next]), void: [] }, [this.key]);
    const targets = [{ release: { version: "1.0.0", record: release.cid }, weight: 10_000 }];
    const channel = author.add("channel", { name: "stable", targets }, [this.#next]);
    return [rekey.envelope, channel.envelope];
  }

  /**
   * Verifies the only release of each package, down to its module.
   * @param {string} url of the registry
   * @param {string[]} names
   * @returns {Promise<Map<string, number>>} the places in the log
   */
  async #prove(url, names) {
    const { origin, logKeys, cosigner } = (await call(`${url}/v1/log`)).body;
    assert.equal(origin, this.origin);
    const { parsePolicy, prove, rememberNothing } = verifier();
    const policy = parsePolicy({
      origins: { [origin]: { logKeys, cosigner } },
      packages: { "@crash/*": { origin, keys: [multikey(this.key.public)], channels: ["stable"] } },
    });
    const indexes = new Map();
    for (const name of names) {
      const isContinued = this.#continued.has(name);
      const query = isContinued ? "channel=stable" : "version=1.0.0";
      const resolution = await bytesAt(`${url}/v1/packages/${name}/resolve?${query}`);
      const request = { package: name, ...(isContinued ? { channel: "stable" } : { version: "1.0.0" }) };
      const proof = prove(policy, request, resolution, rememberNothing(), Date.now() / 1000);
      const verdict = proof.verify(await bytesAt(`${url}/v1/manifests/${proof.manifest}`));
      const [{ path, cid }] = verdict.manifest.modules;
      verdict.checkModule(path, await bytesAt(`${url}/v1/blobs/${cid}`));
      indexes.set(name, verdict.index);
    }
    return indexes;
  }

  /** @param {{ size: number, root: string }} head */
  #see({ size, root }) {
    assert.equal(this.#heads.get(size) ?? root, root, `two heads of size ${size}`);
    this.#heads.set(size, root);
  }
}

/**
 * The CIDs of a package's records.
 * @param {string} url of the registry
 * @param {string} name
 */
async function recordsOf(url, name) {
  const log = /** @type {any} */ (dagCbor.decode(await bytesAt(`${url}/v1/packages/${name}/log`)));
  assert.equal(log.entries.length, log.size);
  return log.entries.map((/** @type {Uint8Array} */ entry) => `${objectCid(/** @type {any} */ (dagCbor.decode(entry)).payload)}`);
}

/** @param {string} url */
async function bytesAt(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return new Uint8Array(await response.arrayBuffer());
}
