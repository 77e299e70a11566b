// A log as C2SP tlog-tiles serves it, read and computed by RFC 6962 alone.

import { sha256 } from "./objects.js";

/** @typedef {Uint8Array} Hash */

/** @param {Uint8Array} entry */
export const leafHash = (entry) => sha256(Buffer.concat([Uint8Array.of(0), entry]));

/** The root of these leaves. @param {Hash[]} leaves @returns {Hash} */
export function rootOf(leaves) {
  if (leaves.length === 0) return sha256(new Uint8Array());
  if (leaves.length === 1) return leaves[0];
  let left = 1;
  while (left * 2 < leaves.length) left *= 2;
  return sha256(Buffer.concat([Uint8Array.of(1), rootOf(leaves.slice(0, left)), rootOf(leaves.slice(left))]));
}

/**
 * Where the tile or bundle of a level is, in three digits a segment.
 * @param {number | "entries"} level
 * @param {number} index
 * @param {number} [width] where it is partial
 */
export function tilePath(level, index, width = 256) {
  let path = `${index % 1000}`.padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${`${rest % 1000}`.padStart(3, "0")}/${path}`;
  }
  return `tile/${level}/${path}${width < 256 ? `.p/${width}` : ""}`;
}

/** The entries of a bundle. @param {Uint8Array} bundle */
export function entriesOf(bundle) {
  const entries = [];
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  for (let at = 0; at < bundle.length; ) {
    const length = view.getUint16(at);
    entries.push(bundle.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/**
 * The newest checkpoint, as it says.
 * @param {string} url of the registry
 */
export async function checkpointOf(url) {
  const text = await (await fetch(`${url}/v1/checkpoint`)).text();
  const [origin, size, root] = text.split("\n");
  const lines = text.split("\n\n")[1].split("\n").filter((line) => line !== "");
  return { text, origin, size: Number(size), root, signers: lines.map((line) => line.split(" ")[1]) };
}
