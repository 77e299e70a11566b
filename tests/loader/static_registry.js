// A registry as a folder would be one: objects under their addresses, signed with keys that everybody knows. It has one package, and
// says what its test wants it to say.

import { createServer } from "node:http";
import { once } from "node:events";

import * as dagCbor from "@ipld/dag-cbor";

import { Author, keyOf, manifestOf, moduleOf, multikey, powersOf, releaseBody } from "../support/objects.js";
import { Log } from "./log.js";

/** @typedef {ReturnType<typeof moduleOf>} Module */
/** @typedef {import("../support/objects.js").Key} Key */
/** @typedef {import("../support/objects.js").Kind} Kind */

export const ORIGIN = "log.example";
export const NAME = "@acme/hello";
export const START = 1_790_000_000;
export const MAX_AGE = 600;

const LOG = keyOf("the log");
const COSIGNER = keyOf("the cosigner");
export const PUBLISHER = keyOf("the publisher");

/**
 * @param {Record<string, unknown>} [rule] what the rule for `@acme/*` says besides
 * @param {Record<string, unknown>} [log] what is said of the log besides
 */
export const policyOf = (rule = {}, log = {}) => ({
  origins: { [ORIGIN]: { logKeys: [multikey(LOG.public)], cosigner: multikey(COSIGNER.public), maxAge: MAX_AGE, ...log } },
  packages: { "@acme/*": { origin: ORIGIN, keys: [multikey(PUBLISHER.public)], ...rule } },
});

/**
 * How a package begins: the first release's version, whose manifest `change` may spoil, and who signs it; `keys` are the package's.
 * @typedef {object} Options
 * @property {(body: any) => void} [change]
 * @property {string} [version]
 * @property {readonly Key[]} [keys]
 * @property {number} [threshold]
 * @property {readonly Key[]} [signers]
 */

/**
 * A record in the log.
 * @typedef {object} Logged
 * @property {Kind} kind
 * @property {any} body
 * @property {any} cid
 * @property {number} index
 * @property {Uint8Array} signed SPEC §6.8
 */

/**
 * A registry with a package of one release, on a free port of loopback.
 *
 * `time` is when its head was cosigned, `size` how many entries the head shows, and `shows` how many of them it answers from (both all, where
 * they are absent). It answers for all packages in `names`, always with its own; `refusal` is what it says instead of a resolution, and `change`
 * may spoil a body on its way out. It answers after `delay` is over, or, where it `isDown` or `drops` the path, not at all. `asked` lists the paths so far,
 * `queries` their queries.
 */
export class StaticRegistry {
  time = START;
  /** @type {number | undefined} */
  size = undefined;
  /** @type {number | undefined} */
  shows = undefined;
  names = [NAME];
  /** @type {string | undefined} */
  refusal = undefined;
  isDown = false;
  /** @type {RegExp | undefined} */
  drops = undefined;
  /** @type {string[]} */
  asked = [];
  /** @type {string[]} */
  queries = [];
  /** @type {(path: string, body: Buffer) => Buffer | undefined} */
  change = (_, body) => body;
  /** @type {(query: URLSearchParams) => Promise<void> | void} */
  delay = () => {};
  #log = new Log(ORIGIN, LOG, COSIGNER);
  #author = new Author(ORIGIN, NAME);
  /** @type {Logged[]} */
  #records = [];
  /** @type {Map<string, Uint8Array>} manifests and modules, by their addresses */
  #objects = new Map();
  #server = createServer((request, response) => void this.#answer(request.url ?? "", response));

  /** @param {Module[]} modules the first one starts @param {Options} [options] */
  constructor(modules, { change, version = "1.0.0", keys = [PUBLISHER], threshold = 1, signers = keys } = {}) {
    this.add("init", powersOf([...keys], { threshold }), [...keys]);
    const { manifest, reference } = this.release(version, modules, { change, keys: [...signers] });
    this.manifest = manifest;
    /** The release as other records refer to it. */
    this.first = reference;
  }

  /** @param {Module[]} modules @param {Options} [options] */
  static async start(modules, options) {
    const registry = new StaticRegistry(modules, options);
    registry.#server.listen(0, "127.0.0.1");
    await once(registry.#server, "listening");
    return registry;
  }

  /** Logs a record of the package. @param {Kind} kind @param {any} body @param {Key[]} [keys] who sign @returns {Logged} */
  add(kind, body, keys = [PUBLISHER]) {
    const { cid, payload, envelope } = this.#author.add(kind, body, keys);
    const signatures = keys
      .map((key, at) => ({ key: key.public, sig: Buffer.from(envelope.signatures[at].sig, "base64") }))
      .sort((one, other) => Buffer.compare(one.key, other.key));
    const signed = { type: envelope.payloadType, payload, signatures };
    const logged = { kind, body, cid, index: this.#log.entries.length, signed: dagCbor.encode(signed) };
    this.#records.push(logged);
    this.#log.entries.push(dagCbor.encode({ kind: "record", time: START - 100, ...signed }));
    return logged;
  }

  /**
   * Logs a release.
   * @param {string} version
   * @param {Module[]} modules
   * @param {{ change?: (body: any) => void, keys?: Key[] }} [options]
   */
  release(version, modules, { change, keys } = {}) {
    const manifest = manifestOf(modules, change);
    this.#objects.set(`/v1/manifests/${manifest.cid}`, manifest.bytes);
    for (const { cid, bytes } of modules) this.#objects.set(`/v1/blobs/${cid}`, bytes);
    const { cid } = this.add("release", releaseBody(version, manifest), keys);
    return { manifest, reference: { version, record: cid } };
  }

  /** Logs entries of other packages. @param {number} count */
  grow(count) {
    for (let at = 0; at < count; at++) this.#log.entries.push(Buffer.from(`entry ${this.#log.entries.length}`));
  }

  get url() {
    const { port } = /** @type {import("node:net").AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  async [Symbol.asyncDispose]() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** @param {URLSearchParams} query @param {number} size what the head shows @param {number} time */
  #resolution(query, size, time) {
    const records = this.#records.filter(({ index }) => index < (this.shows ?? size));
    const newest = (/** @type {(record: Logged) => boolean} */ test) => records.findLast(test);
    const yankOf = (/** @type {Logged} */ release) => {
      const yank = newest(({ kind, body }) => kind === "yank" && body.release.version === release.body.version);
      return yank?.body.severity === "none" ? undefined : yank;
    };
    const channel = newest(({ kind, body }) => kind === "channel" && body.name === query.get("channel"));
    const version = query.get("version") ?? channel?.body.targets[targetOf(channel.body.targets, Number(query.get("bucket")))].release.version;
    const tolerated = query.get("yanked")?.split(",");
    const isWanted = (/** @type {Logged} */ release) => {
      const yank = yankOf(release);
      return version === undefined ? !yank || tolerated?.includes(yank.body.severity) : release.body.version === version;
    };
    const releases = records.filter(({ kind }) => kind === "release");
    const release = releases.findLast(isWanted) ?? (version === undefined ? undefined : releases.at(-1));
    if (release === undefined) return undefined;

    const authorities = records.filter(({ kind }) => ["init", "rekey", "transfer"].includes(kind));
    const [before, since] = [true, false].map((isBefore) => authorities.filter(({ index }) => index < release.index === isBefore));
    const shown = [release, authorities.at(-1), yankOf(release), channel];
    const last = records.at(-1);
    const standing = {
      chain: since.map(({ signed }) => signed),
      ...(last && !shown.includes(last) && { newest: last.signed }),
      ...(yankOf(release) && { yank: yankOf(release)?.signed }),
      ...(channel && { channel: channel.signed }),
    };
    const receipt = dagCbor.encode({
      format: "cidery-receipt-v1",
      chain: before.map(({ signed }) => signed),
      record: this.#log.entries[release.index],
      index: release.index,
      checkpoint: this.#log.checkpoint(release.index + 1),
      inclusion: this.#log.inclusion(release.index, release.index + 1),
    });
    const earlier = Number(query.get("since"));
    const head = dagCbor.encode({
      format: "cidery-head-v1",
      checkpoint: this.#log.checkpoint(size, time),
      join: { inclusion: this.#log.inclusion(release.index, size) },
      standing,
      ...(earlier > 0 && earlier < size && { since: { size: earlier, consistency: this.#log.consistency(earlier, size) } }),
    });
    return dagCbor.encode({ format: "cidery-resolution-v1", receipt, head });
  }

  /** @param {string} target @param {import("node:http").ServerResponse} response */
  async #answer(target, response) {
    const { pathname, search, searchParams } = new URL(target, "http://registry");
    const [size, time] = [this.size ?? this.#log.entries.length, this.time];
    this.asked.push(pathname);
    this.queries.push(search);
    await this.delay(searchParams);
    if (this.isDown || this.drops?.test(pathname)) return response.destroy();
    const isResolution = this.names.some((name) => pathname === `/v1/packages/${name}/resolve`);
    const body = isResolution ? this.#resolution(searchParams, size, time) : this.#objects.get(pathname);
    const changed = body && this.change(pathname, Buffer.from(body));
    const code = isResolution ? (this.refusal ?? (changed ? undefined : "release.yanked")) : changed ? undefined : "not_found";
    if (code === undefined) return response.end(changed);
    response.statusCode = code === "not_found" ? 404 : 410;
    response.end(JSON.stringify({ error: { code, message: "nothing is here", hint: null } }));
  }
}

/** The place of the target that a bucket falls to. @param {{ weight: number }[]} targets @param {number} bucket */
function targetOf(targets, bucket) {
  let upto = 0;
  return targets.findIndex(({ weight }) => (upto += weight) > bucket);
}
