// A transparency log in memory (SPEC §7, §8): proofs and checkpoints of any of its sizes, as RFC 6962 and C2SP write them.

import { sha256 } from "../support/objects.js";

/** @typedef {import("../support/objects.js").Key} Key */

export class Log {
  /** @type {Uint8Array[]} */
  entries = [];

  /** @param {string} origin @param {Key} key @param {Key} cosigner */
  constructor(origin, key, cosigner) {
    this.origin = origin;
    this.key = key;
    this.cosigner = cosigner;
  }

  /** The hash of the entries from `from` on, up to `to`. @param {number} from @param {number} to @returns {Uint8Array} */
  hash(from, to) {
    if (to - from === 1) return sha256(Buffer.concat([Buffer.of(0), this.entries[from]]));
    const middle = from + split(to - from);
    return sha256(Buffer.concat([Buffer.of(1), this.hash(from, middle), this.hash(middle, to)]));
  }

  /** That the entry is in the tree of this size. @param {number} index @param {number} size */
  inclusion(index, size) {
    /** @param {number} from @param {number} to @returns {Uint8Array[]} */
    const path = (from, to) => {
      if (to - from === 1) return [];
      const middle = from + split(to - from);
      return index < middle ? [...path(from, middle), this.hash(middle, to)] : [...path(middle, to), this.hash(from, middle)];
    };
    return path(0, size);
  }

  /** That the tree of one size begins with the other. @param {number} earlier @param {number} size */
  consistency(earlier, size) {
    /** @param {number} from @param {number} to @param {boolean} isKnown @returns {Uint8Array[]} */
    const proof = (from, to, isKnown) => {
      if (to === earlier) return isKnown ? [] : [this.hash(from, to)];
      const middle = from + split(to - from);
      return earlier <= middle
        ? [...proof(from, middle, isKnown), this.hash(middle, to)]
        : [...proof(middle, to, false), this.hash(from, middle)];
    };
    return proof(0, size, true);
  }

  /** A checkpoint, cosigned where a time is given. @param {number} size @param {number} [time] */
  checkpoint(size, time) {
    const text = `${this.origin}\n${size}\n${Buffer.from(this.hash(0, size)).toString("base64")}\n`;
    const note = `${text}\n${line(this.origin, 1, this.key, this.key.sign(Buffer.from(text)))}`;
    if (time === undefined) return Buffer.from(note);
    const seconds = Buffer.alloc(8);
    seconds.writeBigUInt64BE(BigInt(time));
    const signature = this.cosigner.sign(Buffer.from(`cosignature/v1\ntime ${time}\n${text}`));
    return Buffer.from(note + line(`${this.origin}/cosigner`, 4, this.cosigner, seconds, signature));
  }
}

/** A signature line of a note. @param {string} name @param {number} type @param {Key} key @param {Uint8Array[]} signature */
function line(name, type, key, ...signature) {
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(type), key.public])).subarray(0, 4);
  return `\u2014 ${name} ${Buffer.concat([id, ...signature]).toString("base64")}\n`;
}

/** The greatest power of two below a size. @param {number} size */
const split = (size) => 2 ** Math.ceil(Math.log2(size) - 1);
