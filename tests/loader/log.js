// Trees in memory as RFC 6962 has them, with their proofs (SPEC §8), and a log as one of them, with its checkpoints as C2SP writes them.

import { leafHash, rootOf } from "../support/log.js";
import { sha256 } from "../support/objects.js";

/** @typedef {import("../support/objects.js").Key} Key */

/** A tree over byte strings. */
export class Tree {
  /** @param {Uint8Array[]} [leaves] */
  constructor(leaves = []) {
    this.leaves = leaves;
  }

  get size() {
    return this.leaves.length;
  }

  /** The hash of the leaves from `from` on, up to `to`. @param {number} [from] @param {number} [to] */
  hash(from = 0, to = this.size) {
    return rootOf(this.leaves.slice(from, to).map(leafHash));
  }

  /** That a leaf is in the tree of this size. @param {number} index @param {number} size */
  inclusion(index, size) {
    return Buffer.concat(this.#beside(index, 0, size).map(({ hash }) => hash));
  }

  /** Of these hashes those to the right of the way: the others are the same in every size. @param {number} index @param {number} size */
  join(index, size) {
    return Buffer.concat(this.#beside(index, 0, size).filter(({ isRight }) => isRight).map(({ hash }) => hash));
  }

  /** @param {number} index @param {number} from @param {number} to @returns {{ hash: Uint8Array, isRight: boolean }[]} */
  #beside(index, from, to) {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return index < middle
      ? [...this.#beside(index, from, middle), { hash: this.hash(middle, to), isRight: true }]
      : [...this.#beside(index, middle, to), { hash: this.hash(from, middle), isRight: false }];
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
    return Buffer.concat(proof(0, size, true));
  }
}

/** The tree of a log's entries. */
export class Log extends Tree {
  /** @param {string} origin @param {Key} key @param {Key} cosigner */
  constructor(origin, key, cosigner) {
    super();
    this.origin = origin;
    this.key = key;
    this.cosigner = cosigner;
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
