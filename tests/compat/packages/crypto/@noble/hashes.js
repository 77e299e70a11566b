import { blake3 } from "@noble/hashes/blake3.js";
import { hmac } from "@noble/hashes/hmac.js";
import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

const text = utf8ToBytes("cidery");

export default () => [sha256(text), sha256.create().update(text).update(text).digest(), hmac(sha512, text, text), blake3(text, { dkLen: 40 }), keccak_256(text), pbkdf2(sha256, text, text, { c: 32, dkLen: 16 })].map(bytesToHex);
