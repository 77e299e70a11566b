// A registry as a folder would be one: objects under their addresses, signed with keys that everybody knows. It has one package, and
// says what its test wants it to say.

import { createServer } from "node:http";
import { once } from "node:events";

import * as dagCbor from "@ipld/dag-cbor";

import { Author, keyOf, manifestOf, moduleOf, multikey, objectCid, powersOf, releaseBody } from "../support/objects.js";
import { Log } from "./log.js";
import { channelOf, isAuthority, keyOf as mapKeyOf, mapRoot, stateOf, yankOf } from "./state.js";

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
 * @property {number} sequence
 * @property {number} index
 * @property {readonly Key[]} keys who signed
 * @property {Uint8Array} signed SPEC §6.8
 */

/**
 * A registry with a package of one release, on a free port of loopback.
 *
 * Each record is logged as a group: an entry of it, and one of the map. `time` is when the head was cosigned, and `size` how many entries it
 * shows (all, where it is absent). It resolves for all packages in `names`, always with its own, and a range to `offers` where that is given;
 * `refusal` is what it says instead of a resolution, and `change` may spoil a body on its way out. It answers after `delay` is over, or, where it
 * `isDown` or `drops` the path, not at all. `asked` lists the paths so far, `queries` their queries.
 */
export class StaticRegistry {
  time = START;
  /** @type {number | undefined} */
  size = undefined;
  names = [NAME];
  /** @type {string | undefined} */
  offers = undefined;
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
  /** Of each head's size the records that its map is over. @type {Map<number, Logged[]>} */
  #maps = new Map();
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
    const logged = { kind, body, cid, sequence: this.#records.length, index: this.#log.size, keys, signed: dagCbor.encode(signed) };
    this.#records.push(logged);
    this.#log.leaves.push(dagCbor.encode({ kind: "record", time: START - 100, ...signed }));
    this.#logMap(this.#records);
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
    const logged = this.add("release", releaseBody(version, manifest), keys);
    return { manifest, logged, reference: { version, record: logged.cid } };
  }

  /** Logs maps alone, as where only time goes on. @param {number} count */
  grow(count) {
    for (let at = 0; at < count; at++) this.#logMap(this.#records);
  }

  /** Logs a map that lies: it leaves this record out, and all after it; the whole package, where none is given. @param {Logged} [first] */
  withhold(first) {
    this.#logMap(this.#records.slice(0, first?.sequence ?? 0));
  }

  /** @param {Logged[]} records */
  #logMap(records) {
    const root = records.length === 0 ? new Uint8Array(32) : mapRoot(NAME, stateOf(records).bytes);
    this.#log.leaves.push(dagCbor.encode({ kind: "map", root, time: START - 100 }));
    this.#maps.set(this.#log.size, [...records]);
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
    const records = this.#maps.get(size) ?? [];
    const release = this.#wanted(query, records);
    if (release === undefined) return undefined;
    const [yank, channel] = [yankOf(records, release), channelOf(records, query.get("channel"))];
    const authorities = records.filter(isAuthority);
    const [before, since] = [true, false].map((isBefore) => authorities.filter(({ index }) => index < release.index === isBefore));
    const { bytes: state, versions, channels } = stateOf(records);
    const standing = {
      map: this.#map(NAME, size),
      state,
      versions: shown(versions),
      ...(channel && { channels: shown(channels), channel: channel.signed }),
      chain: since.map(({ signed }) => signed),
      ...(yank && { yank: yank.signed }),
    };
    const covered = release.index + 2; // with the map of its group
    const receipt = dagCbor.encode({
      format: "cidery-receipt-v1",
      chain: before.map(({ signed }) => signed),
      record: this.#log.leaves[release.index],
      index: release.index,
      checkpoint: this.#log.checkpoint(covered),
      inclusion: this.#log.inclusion(release.index, covered),
    });
    const head = dagCbor.encode({
      format: "cidery-head-v1",
      checkpoint: this.#log.checkpoint(size, time),
      join: { inclusion: this.#log.join(release.index, size) },
      standing,
      ...this.#since(query, size),
    });
    return dagCbor.encode({ format: "cidery-resolution-v1", receipt, head });
  }

  /** The release that is asked for. @param {URLSearchParams} query @param {Logged[]} records */
  #wanted(query, records) {
    const targets = channelOf(records, query.get("channel"))?.body.targets;
    const version = query.get("version") ?? this.offers ?? targets?.[targetOf(targets, Number(query.get("bucket")))].release.version;
    const tolerated = query.get("yanked")?.split(",");
    const isWanted = (/** @type {Logged} */ release) => {
      const yank = yankOf(records, release);
      return version === undefined ? !yank || tolerated?.includes(yank.body.severity) : release.body.version === version;
    };
    const releases = records.filter(({ kind }) => kind === "release");
    return releases.findLast(isWanted) ?? (version === undefined ? undefined : releases.at(-1));
  }

  /** What the log says of a package. @param {string} pathname @param {URLSearchParams} query @param {number} size @param {number} time */
  #proof(pathname, query, size, time) {
    const [, name] = /^\/v1\/packages\/(.*)\/proof$/.exec(pathname) ?? [];
    if (name === undefined) return undefined;
    const checkpoint = this.#log.checkpoint(size, time);
    const state = name === NAME ? this.#state(size) : undefined;
    const proof = { map: this.#map(name, size), ...(state && { state }), ...this.#since(query, size) };
    return dagCbor.encode({ format: "cidery-package-proof-v1", checkpoint, ...proof });
  }

  /** The last entry of the head, and the way to a package in its map, which has at most a leaf. @param {string} name @param {number} size */
  #map(name, size) {
    const state = this.#state(size);
    const other = state && name !== NAME && { key: mapKeyOf(NAME), value: objectCid(state) };
    return {
      entry: this.#log.leaves[size - 1],
      inclusion: this.#log.inclusion(size - 1, size),
      path: { siblings: Buffer.of(), ...(other && { other }) },
    };
  }

  /** The package's state in the head's map, where it is there. @param {number} size */
  #state(size) {
    const records = this.#maps.get(size) ?? [];
    return records.length === 0 ? undefined : stateOf(records).bytes;
  }

  /** @param {URLSearchParams} query @param {number} size */
  #since(query, size) {
    const earlier = Number(query.get("since"));
    return earlier > 0 && earlier < size && { since: { size: earlier, consistency: this.#log.consistency(earlier, size) } };
  }

  /** @param {string} target @param {import("node:http").ServerResponse} response */
  async #answer(target, response) {
    const { pathname, search, searchParams } = new URL(target, "http://registry");
    const [size, time] = [this.size ?? this.#log.size, this.time];
    this.asked.push(pathname);
    this.queries.push(search);
    await this.delay(searchParams);
    if (this.isDown || this.drops?.test(pathname)) return response.destroy();
    const isResolution = this.names.some((name) => pathname === `/v1/packages/${name}/resolve`);
    const body = isResolution
      ? this.#resolution(searchParams, size, time)
      : (this.#proof(pathname, searchParams, size, time) ?? this.#objects.get(pathname));
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

/** All leaves of a tree, so that nothing is left to prove. @param {import("./log.js").Tree} tree */
const shown = (tree) => ({ leaves: tree.leaves.map((leaf, index) => ({ index, leaf })), proof: Buffer.of() });
