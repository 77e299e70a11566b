// A registry as a folder would be one: objects under their addresses, signed with keys that everybody knows.

import { createServer } from "node:http";
import { once } from "node:events";

import * as dagCbor from "@ipld/dag-cbor";

import { initOf, keyOf, manifestOf, moduleOf, multikey, releaseOf, sha256 } from "../support/objects.js";

/** @typedef {ReturnType<typeof moduleOf>} Module */

export const ORIGIN = "log.example";
export const START = 1_790_000_000;
export const MAX_AGE = 600;

const LOG = keyOf("the log");
const COSIGNER = keyOf("the cosigner");
export const PUBLISHER = keyOf("the publisher");

/** @param {Record<string, unknown>} [rule] what the rule for `@acme/*` says besides */
export const policyOf = (rule = {}) => ({
  origins: { [ORIGIN]: { logKeys: [multikey(LOG.public)], cosigner: multikey(COSIGNER.public), maxAge: MAX_AGE } },
  packages: { "@acme/*": { origin: ORIGIN, keys: [multikey(PUBLISHER.public)], ...rule } },
});

/** A log of at most four entries: all that a proof by hand is easy for. */
class Log {
  /** @type {Uint8Array[]} */
  entries = [];

  /** @param {number} size */
  root(size) {
    const level = (/** @type {Uint8Array[]} */ nodes) => {
      const above = [];
      for (let at = 0; at < nodes.length; at += 2) {
        above.push(at + 1 < nodes.length ? node(nodes[at], nodes[at + 1]) : nodes[at]);
      }
      return above;
    };
    /** @type {Uint8Array[]} */
    let nodes = this.entries.slice(0, size).map((entry) => sha256(Buffer.concat([Buffer.of(0), entry])));
    while (nodes.length > 1) nodes = level(nodes);
    return nodes[0];
  }

  /** The hash of the entries from `from` on to `to`. @param {number} from @param {number} to */
  part(from, to) {
    const log = new Log();
    log.entries = this.entries.slice(from, to);
    return log.root(to - from);
  }

  /** Inclusion of the entry 1. @param {number} size */
  inclusion(size) {
    return size > 2 ? [this.part(0, 1), this.part(2, size)] : [this.part(0, 1)];
  }

  /** A checkpoint, cosigned where a time is given. @param {number} size @param {number} [time] */
  checkpoint(size, time) {
    const text = `${ORIGIN}\n${size}\n${Buffer.from(this.root(size)).toString("base64")}\n`;
    const line = (/** @type {string} */ name, /** @type {number} */ type, key = LOG, /** @type {Buffer[]} */ ...rest) => {
      const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), key.public])).subarray(0, 4);
      return `\u2014 ${name} ${Buffer.concat([id, ...rest]).toString("base64")}\n`;
    };
    const log = line(ORIGIN, 1, LOG, Buffer.from(LOG.sign(Buffer.from(text))));
    if (time === undefined) return Buffer.from(`${text}\n${log}`);
    const seconds = Buffer.alloc(8);
    seconds.writeBigUInt64BE(BigInt(time));
    const signature = COSIGNER.sign(Buffer.from(`cosignature/v1\ntime ${time}\n${text}`));
    return Buffer.from(`${text}\n${log}${line(`${ORIGIN}/cosigner`, 4, COSIGNER, seconds, Buffer.from(signature))}`);
  }
}

/** @param {Uint8Array} left @param {Uint8Array} right */
const node = (left, right) => sha256(Buffer.concat([Buffer.of(1), left, right]));

/** A record's log entry. @param {{ payload: Uint8Array, envelope: any }} record @param {{ public: Uint8Array }} key */
const entryOf = ({ payload, envelope }, key) =>
  dagCbor.encode({
    kind: "record",
    type: envelope.payloadType,
    payload,
    signatures: [{ key: key.public, sig: Buffer.from(envelope.signatures[0].sig, "base64") }],
  });

/**
 * A registry with one release of one package, on a free port of loopback.
 *
 * `time` is when its head was cosigned, `size` how many entries the head has, `change` may spoil a body on its way out, and
 * `asked` lists the paths so far.
 */
export class StaticRegistry {
  time = START;
  size = 2;
  /** @type {string[]} */
  asked = [];
  /** @type {(path: string, body: Buffer) => Buffer | undefined} */
  change = (_, body) => body;
  #log = new Log();
  #server = createServer((request, response) => this.#answer(request.url ?? "", response));

  /** @param {Module[]} modules the first one starts @param {{ change?: (body: any) => void, version?: string }} [options] */
  constructor(modules, { change, version = "1.0.0" } = {}) {
    this.modules = modules;
    this.manifest = manifestOf(modules, change);
    const name = "@acme/hello";
    const init = initOf({ origin: ORIGIN, name, key: PUBLISHER });
    const of = { origin: ORIGIN, name, key: PUBLISHER, version, manifest: this.manifest.cid, authority: init.cid };
    const records = [init, releaseOf(of)].map((record) => entryOf(record, PUBLISHER));
    this.#log.entries = [...records, Buffer.from("third"), Buffer.from("fourth")];
  }

  /** @param {Module[]} modules @param {ConstructorParameters<typeof StaticRegistry>[1]} [options] */
  static async start(modules, options) {
    const registry = new StaticRegistry(modules, options);
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  get url() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose]() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @param {string} since */
  #resolution(since) {
    const [init, release] = this.#log.entries;
    const seen = Number(since);
    const receipt = dagCbor.encode({
      format: "cidery-receipt-v1",
      chain: [init],
      release,
      index: 1,
      checkpoint: this.#log.checkpoint(2),
      inclusion: this.#log.inclusion(2),
    });
    const head = dagCbor.encode({
      format: "cidery-head-v1",
      checkpoint: this.#log.checkpoint(this.size, this.time),
      join: { inclusion: this.#log.inclusion(this.size) },
      ...(seen === 2 && this.size > 2 && { since: { size: 2, consistency: [this.#log.part(2, this.size)] } }),
    });
    return dagCbor.encode({ format: "cidery-resolution-v1", receipt, head });
  }

  /** @param {string} target @param {import("node:http").ServerResponse} response */
  #answer(target, response) {
    const { pathname, searchParams } = new URL(target, "http://registry");
    this.asked.push(pathname);
    let body;
    if (pathname === "/v1/packages/@acme/hello/resolve") body = this.#resolution(searchParams.get("since") ?? "0");
    else if (pathname === `/v1/manifests/${this.manifest.cid}`) body = this.manifest.bytes;
    else body = this.modules.find(({ cid }) => pathname === `/v1/blobs/${cid}`)?.bytes;
    const changed = body && this.change(pathname, Buffer.from(body));
    if (changed) return response.end(changed);
    response.statusCode = 404;
    response.end(JSON.stringify({ error: { code: "not_found", message: "nothing is here", hint: null } }));
  }
}
