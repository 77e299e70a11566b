import sodium from "libsodium-wrappers";

export default async () => {
  await sodium.ready;
  const seed = new Uint8Array(32).fill(4);
  const { publicKey, privateKey } = sodium.crypto_sign_seed_keypair(seed);
  const signature = sodium.crypto_sign_detached("hello", privateKey);
  const box = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt("secret", "ad", null, new Uint8Array(24), seed);
  return [sodium.to_hex(signature), sodium.crypto_sign_verify_detached(signature, "hello", publicKey), sodium.to_base64(box), sodium.crypto_generichash(16, "x", null, "hex")];
};
