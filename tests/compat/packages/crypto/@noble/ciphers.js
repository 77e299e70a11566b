import { gcm, gcmsiv } from "@noble/ciphers/aes.js";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { bytesToHex, utf8ToBytes } from "@noble/ciphers/utils.js";

export default () => {
  const [key, text] = [new Uint8Array(32).fill(5), utf8ToBytes("content addressed")];
  const boxes = [xchacha20poly1305(key, new Uint8Array(24)), gcm(key, new Uint8Array(12)), gcmsiv(key, new Uint8Array(12), utf8ToBytes("aad"))];
  return boxes.map((box) => {
    const sealed = box.encrypt(text);
    return [bytesToHex(sealed), new TextDecoder().decode(box.decrypt(sealed))];
  });
};
