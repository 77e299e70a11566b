// What a package's records come to, as the log's map has it (SPEC §8.5, §9.4). Nothing here waits for a delay.

import * as dagCbor from "@ipld/dag-cbor";

import { objectCid, sha256 } from "../support/objects.js";
import { Tree } from "./log.js";

/** @typedef {import("./static_registry.js").Logged} Logged */

export const isAuthority = (/** @type {Logged} */ { kind }) => ["init", "rekey", "transfer"].includes(kind);

/** The yank of a release that counts. @param {Logged[]} records @param {Logged} release */
export function yankOf(records, release) {
  const yank = records.findLast(({ kind, body }) => kind === "yank" && body.release.version === release.body.version);
  return yank?.body.severity === "none" ? undefined : yank;
}

/** The newest record of a channel. @param {Logged[]} records @param {string | null} name */
export const channelOf = (records, name) => records.findLast(({ kind, body }) => kind === "channel" && body.name === name);

/** The state, with its trees. @param {Logged[]} records from the first one on */
export function stateOf(records) {
  const releases = records.filter(({ kind }) => kind === "release");
  const versions = releases.sort(byVersion).map((release) => {
    const yank = yankOf(records, release);
    const yanked = yank && { record: yank.cid, severity: yank.body.severity };
    return { version: release.body.version, record: release.cid, ...(yanked && { yanked }), ...voidOf(records, release) };
  });
  const names = new Set(records.filter(({ kind }) => kind === "channel").map(({ body }) => body.name));
  const channels = [...names].sort().map((name) => {
    const channel = /** @type {Logged} */ (channelOf(records, name));
    return { name, record: channel.cid, ...voidOf(records, channel) };
  });
  const trees = { versions: treeOf(versions), channels: treeOf(channels) };
  const bytes = dagCbor.encode({
    format: "cidery-state-v1",
    sequence: records.length - 1,
    newest: records.at(-1)?.cid,
    authority: records.findLast(isAuthority)?.cid,
    versions: { size: trees.versions.size, root: trees.versions.hash() },
    channels: { size: trees.channels.size, root: trees.channels.hash() },
  });
  return { bytes, ...trees };
}

/** The leaf of a package, and so the root of a map that has no other. @param {string} name @param {Uint8Array} state */
export const mapRoot = (name, state) => sha256(Buffer.concat([Buffer.of(2), keyOf(name), objectCid(state).bytes]));

/** The key of a package in the map. @param {string} name */
export const keyOf = (name) => sha256(Buffer.from(name));

/** By whom a release or channel is void (SPEC §6.7), whatever threshold it needed being met by all who signed it. @param {Logged[]} records @param {Logged} record */
function voidOf(records, { sequence, keys }) {
  const isVoid = (/** @type {Uint8Array} */ signer, /** @type {any[]} */ list) =>
    list.some(({ key, fromSequence }) => Buffer.compare(key, signer) === 0 && fromSequence <= sequence);
  const by = records.find(
    (later) => later.kind === "rekey" && later.sequence > sequence && keys.some((key) => isVoid(key.public, later.body.void)),
  );
  return by && { void: by.cid };
}

const treeOf = (/** @type {unknown[]} */ leaves) => new Tree(leaves.map((leaf) => dagCbor.encode(leaf)));

/** By precedence: these versions are three numbers. @param {Logged} one @param {Logged} other */
const byVersion = (one, other) => one.body.version.localeCompare(other.body.version, undefined, { numeric: true });
