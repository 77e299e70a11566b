import { bls12_381 } from "@noble/curves/bls12-381.js";
import { ed25519, x25519 } from "@noble/curves/ed25519.js";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bytesToHex } from "@noble/curves/utils.js";

export default () => {
  const [a, b] = [7, 9].map((byte) => new Uint8Array(32).fill(byte));
  const signature = ed25519.sign(a, b);
  const shared = [x25519.getSharedSecret(a, x25519.getPublicKey(b)), x25519.getSharedSecret(b, x25519.getPublicKey(a))];
  return [bytesToHex(signature), ed25519.verify(signature, a, ed25519.getPublicKey(b)), bytesToHex(secp256k1.sign(a, b)), shared.map(bytesToHex), bls12_381.G1.Point.BASE.multiply(5n).toHex()];
};
