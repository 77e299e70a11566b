import nacl from "tweetnacl";

export default () => {
  const seed = new Uint8Array(32).fill(3);
  const [signer, box] = [nacl.sign.keyPair.fromSeed(seed), nacl.box.keyPair.fromSecretKey(seed)];
  const text = new TextEncoder().encode("hello");
  const signed = nacl.sign(text, signer.secretKey);
  const sealed = nacl.secretbox(text, new Uint8Array(24), seed);
  return [signed, nacl.sign.open(signed, signer.publicKey), sealed, nacl.box.before(box.publicKey, seed), nacl.hash(text).slice(0, 8)].map((bytes) => Buffer.from(bytes).toString("hex"));
};
