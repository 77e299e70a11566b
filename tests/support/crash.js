// Publishing to a registry that ends at any moment, and what must hold of it afterwards.

import assert from "node:assert/strict";

import { verifier } from "@cidery/verifier";

import { call, packageOf, post, publish } from "./client.js";
import { keyOf, multikey } from "./objects.js";

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
  #key = keyOf("crash");
  #rounds = 0;
  /** Roots by size. @type {Map<number, string>} */
  #heads = new Map();
  /** The answers by package. @type {Map<string, { made: ReturnType<typeof packageOf>, body: any }>} */
  acknowledged = new Map();

  /** @param {string} origin the log's */
  constructor(origin) {
    this.origin = origin;
  }

  /**
   * Publishes one new package after another, until `crash` is over.
   * @param {string} url of the registry
   * @param {() => Promise<void>} crash
   */
  async until(url, crash) {
    const round = this.#rounds++;
    let alive = true;
    const lanes = Array.from({ length: LANES }, async (_, lane) => {
      for (let at = 0; alive; at++) {
        const made = packageOf({ origin: this.origin, name: `@crash/r${round}-l${lane}-n${at}`, key: this.#key });
        // The connection may break at any point; only an answer counts.
        const answer = await publish(url, made).catch(() => undefined);
        if (answer?.status === 201) this.acknowledged.set(made.name, { made, body: answer.body });
        const head = await headOf(url).catch(() => undefined);
        if (head !== undefined) this.#see(head);
      }
    });
    await Promise.all([crash().finally(() => (alive = false)), ...lanes]);
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
    const stored = await listing();
    const names = stored.flatMap((line) => /\/packages\/(@crash\/\S+) /.exec(line)?.[1] ?? []);
    const indexes = await this.#prove(url, names);
    for (const [name, { body }] of this.acknowledged) assert.equal(indexes.get(name), body.index, name);

    const receipts = stored.filter((line) => line.includes("/receipts/"));
    assert.equal(receipts.length, names.length, "each receipt is of a package that shows");
    const { size } = await headOf(url);
    assert.equal(size, 2 * receipts.length, "each package has its two entries and its receipt");
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
      packages: { "@crash/*": { origin, keys: [multikey(this.#key.public)] } },
    });
    const indexes = new Map();
    for (const name of names) {
      const resolution = await bytesAt(`${url}/v1/packages/${name}/resolve?version=1.0.0`);
      const request = { package: name, version: "1.0.0" };
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

/** @param {string} url */
async function bytesAt(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200, url);
  return new Uint8Array(await response.arrayBuffer());
}
