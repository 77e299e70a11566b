// The registry that lies, `tests/liar`, and who publishes in it.

import assert from "node:assert/strict";

import { packageOf, post, publish } from "../support/client.js";
import { liarPath } from "../support/command.js";
import { Author, keyOf, manifestOf, moduleOf, multikey, releaseBody } from "../support/objects.js";
import { start } from "../support/process.js";

/** @typedef {import("../support/objects.js").Kind} Kind */
/** @typedef {import("../support/witness.js").Witness} Witness */

/** The log: its name and keys are those of SPEC §15, which the liar has. */
export const ORIGIN = "log.example";
export const LOG_KEY = multikey(keyOf(2).public);
export const COSIGNER = multikey(keyOf(3).public);
export const PUBLISHER = keyOf(1);

/** What the liar may be told, see `tests/liar/src/liar.rs`. @typedef {string | Record<string, unknown>} Order */

/**
 * @typedef {object} Liar
 * @property {string} url where clients ask it
 * @property {(...orders: Order[]) => Promise<void>} tell has it obey
 */

/**
 * Starts the liar, which does not lie yet.
 * @param {object} [of]
 * @param {number} [of.behind] by how many seconds its clock is, to begin with
 * @param {Pick<Witness, "name" | "key" | "url">} [of.witness] whom it asks for cosignatures
 * @returns {Promise<Liar & AsyncDisposable>}
 */
export async function startLiar({ behind = 0, witness } = {}) {
  const args = witness ? [witness.name, witness.key, witness.url] : [];
  const { ready, stop } = await start(liarPath(), [`${behind}`, ...args], { ready: /listening on (\S+), obeying on (\S+)/ });
  const [, url, ear] = ready;
  /** @param {Order[]} orders */
  const tell = async (...orders) => {
    for (const order of orders) {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(ear, { method: "POST", headers, body: JSON.stringify(order) });
      assert.equal(answer.status, 204, await answer.text());
    }
  };
  return { url, tell, [Symbol.asyncDispose]: stop };
}

/** A package with a release 1.0.0, and more, in whichever history the liar shows. */
export class Publisher {
  #url;
  #first;
  #author;

  /** @param {string} url of the registry @param {string} [name] */
  constructor(url, name = "@acme/hello") {
    this.#url = url;
    this.#first = packageOf({ origin: ORIGIN, name, key: PUBLISHER });
    this.#author = new Author(ORIGIN, name, this.#first);
  }

  /** Begins the package. */
  begin() {
    return logged(publish(this.#url, this.#first));
  }

  /**
   * Makes the next release, and gives what logs it, in whichever history is shown then.
   * @param {string} version
   * @returns {() => Promise<any>}
   */
  release(version) {
    const { module, manifest, body } = releaseOf(version);
    const { envelope } = this.#author.add("release", body, [PUBLISHER]);
    return () => logged(publish(this.#url, { records: [envelope], manifest, module }));
  }

  /** Logs a record. @param {Kind} kind @param {unknown} body */
  add(kind, body) {
    return logged(post(this.#url, [this.#author.add(kind, body, [PUBLISHER]).envelope]));
  }

  /** Sends a `yank` of 1.0.0, or a release, that the registry does not take. @param {"yank" | "release"} kind */
  async isRefused(kind) {
    const { manifest, body } = releaseOf("1.1.0");
    const record = this.#author.sign(kind, kind === "yank" ? this.yank : body, [PUBLISHER]);
    const { status } = await post(this.#url, [record.envelope], kind === "yank" ? undefined : manifest.bytes);
    assert.equal(status, 503);
  }

  /** A `yank` of 1.0.0. */
  get yank() {
    const release = { version: "1.0.0", record: this.#first.release.cid };
    return { release, severity: "critical", reason: "compromised" };
  }
}

/** @param {string} version */
function releaseOf(version) {
  const module = moduleOf("index.js", `export default { fetch: () => new Response("${version}") };\n`);
  const manifest = manifestOf([module]);
  return { module, manifest, body: releaseBody(version, manifest) };
}

/** What the registry says of what it has logged. @param {Promise<import("../support/client.js").Answer>} posted */
async function logged(posted) {
  const { status, body } = await posted;
  assert.equal(status, 201, JSON.stringify(body));
  return body;
}
