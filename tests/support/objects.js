// SPEC's objects made with common npm packages and none of our code, so that tests can also make wrong ones.

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

import * as dagCbor from "@ipld/dag-cbor";
import { blake3 } from "@noble/hashes/blake3.js";
import { base58btc } from "multiformats/bases/base58";
import { CID } from "multiformats/cid";
import * as Digest from "multiformats/hashes/digest";

const RAW = 0x55;
const DAG_CBOR = 0x71;
const BLAKE3 = 0x1e;
/** An ed25519 private key in PKCS#8, before its 32 bytes. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** @param {Uint8Array} bytes */
export const blobCid = (bytes) => CID.createV1(RAW, Digest.create(BLAKE3, blake3(bytes)));
/** @param {Uint8Array} bytes */
export const objectCid = (bytes) => CID.createV1(DAG_CBOR, Digest.create(BLAKE3, blake3(bytes)));
/** @param {Uint8Array} bytes */
export const sha256 = (bytes) => new Uint8Array(createHash("sha256").update(bytes).digest());

/**
 * An ed25519 key that everybody knows.
 * @typedef {{ public: Uint8Array, sign: (message: Uint8Array) => Uint8Array }} Key
 */

/**
 * The key of a seed of 32 equal bytes, or of the SHA-256 of a text.
 * @param {number | string} seed
 * @returns {Key}
 */
export function keyOf(seed) {
  const bytes = typeof seed === "number" ? Buffer.alloc(32, seed) : sha256(Buffer.from(seed));
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, bytes]), format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  return { public: new Uint8Array(spki.subarray(-32)), sign: (message) => new Uint8Array(sign(null, message, secret)) };
}

/**
 * A module of SPEC §5.
 * @param {string} path
 * @param {string | Uint8Array} content
 * @param {string} [kind]
 */
export function moduleOf(path, content, kind = "esm") {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  return { path, kind, bytes, cid: blobCid(bytes), size: bytes.length, sha256: sha256(bytes) };
}

/**
 * A manifest of SPEC §5 with its CID; `change` may spoil its content before it is encoded.
 * @param {ReturnType<typeof moduleOf>[]} modules
 * @param {(body: any) => void} [change]
 */
export function manifestOf(modules, change = () => {}) {
  const body = {
    format: "cidery-manifest-v1",
    main: modules[0].path,
    modules: modules
      .map(({ path, kind, cid, size, sha256 }) => ({ path, kind, cid, size, sha256 }))
      .sort((a, b) => (a.path < b.path ? -1 : 1)),
    compatibility: { date: "2026-10-01", flags: [] },
    needs: { egress: [], bindings: [], limits: {} },
    imports: [],
    bundled: [],
    sourceMaps: [],
  };
  change(body);
  const bytes = dagCbor.encode(body);
  return { bytes, cid: objectCid(bytes) };
}

/** @typedef {"init" | "rekey" | "transfer" | "release" | "yank" | "channel" | "attest"} Kind */

/**
 * A record of SPEC §6 in its envelope, signed by `keys`.
 * @param {Kind} kind
 * @param {Record<string, unknown>} fields everything but the kind
 * @param {Key[]} keys
 * @param {string} [type] another payload type than the kind's
 */
export function recordOf(kind, fields, keys, type = `application/vnd.cidery.${kind}.v1+cbor`) {
  const payload = dagCbor.encode({ kind, ...fields });
  const head = `DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `;
  const message = Buffer.concat([Buffer.from(head), payload]);
  const envelope = {
    payload: Buffer.from(payload).toString("base64"),
    payloadType: type,
    signatures: keys.map((key) => ({ sig: Buffer.from(key.sign(message)).toString("base64") })),
  };
  return { cid: objectCid(payload), payload, envelope };
}

/**
 * Keys as an authority names them, with threshold 1 and no floors unless `more` says otherwise.
 * @param {Key[]} keys
 * @param {Record<string, unknown>} [more]
 */
export const powersOf = (keys, more = {}) => ({
  keys: keys.map((key) => key.public).sort(Buffer.compare),
  threshold: 1,
  floors: { provenance: false, witnesses: 0 },
  ...more,
});

/**
 * The first record of a package, with threshold 1.
 * @param {{ origin: string, name: string, key: Key }} of
 */
export const initOf = ({ origin, name, key }) =>
  recordOf("init", { origin, package: name, sequence: 0, body: powersOf([key]) }, [key]);

/**
 * What a release says.
 * @param {string} version
 * @param {{ cid: CID }} manifest
 * @param {unknown[]} [provenance]
 */
export const releaseBody = (version, manifest, provenance = []) => ({
  version,
  manifest: manifest.cid,
  build: { tool: "by hand" },
  provenance,
});

/**
 * A release on top of `prev`.
 * @param {{ origin: string, name: string, key: Key, version: string, manifest: CID, authority: CID, prev?: CID,
 *   sequence?: number }} of
 */
export const releaseOf = ({ origin, name, key, version, manifest, authority, prev = authority, sequence = 1 }) =>
  recordOf(
    "release",
    { origin, package: name, sequence, prev, authority, body: releaseBody(version, { cid: manifest }) },
    [key],
  );

/** A package's own log as its publishers make it: each record on top of the one before. */
export class Author {
  #next;
  /** @type {CID | undefined} */
  #prev;
  /** Under which record the next one stands. @type {CID | undefined} */
  authority;

  /**
   * From the first record on, or after those that `made` has.
   * @param {string} origin
   * @param {string} name
   * @param {{ init: { cid: CID }, release: { cid: CID } }} [made]
   */
  constructor(origin, name, made) {
    this.origin = origin;
    this.name = name;
    this.#next = made === undefined ? 0 : 2;
    this.#prev = made?.release.cid;
    this.authority = made?.init.cid;
  }

  /**
   * The next record, which nothing follows before it is {@link Author.add added}.
   * @param {Kind} kind
   * @param {unknown} body
   * @param {Key[]} keys who sign
   */
  sign(kind, body, keys) {
    const before = this.#prev === undefined ? {} : { prev: this.#prev, authority: this.authority };
    return recordOf(kind, { origin: this.origin, package: this.name, sequence: this.#next, ...before, body }, keys);
  }

  /**
   * The next record, which the one after it follows.
   * @param {Kind} kind
   * @param {unknown} body
   * @param {Key[]} keys
   */
  add(kind, body, keys) {
    const record = this.sign(kind, body, keys);
    this.#next++;
    this.#prev = record.cid;
    if (["init", "rekey", "transfer"].includes(kind)) this.authority = record.cid;
    return record;
  }
}

/**
 * A key's text form of SPEC §4.1.
 * @param {Uint8Array} key
 */
export const multikey = (key) => base58btc.encode(Uint8Array.from([0xed, 0x01, ...key]));
