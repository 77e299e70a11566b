// OpenSSH's private key format, for keys that everybody knows.

import { keyOf } from "./objects.js";

/** @param {number} number */
const uint32 = (number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
};
/** @param {string | Uint8Array} content */
const string = (content) => Buffer.concat([uint32(Buffer.byteLength(content)), Buffer.from(content)]);

/**
 * The file of the key {@link keyOf} of 32 equal bytes, without a passphrase, as PROTOCOL.key of OpenSSH says.
 * @param {number} seed
 */
export function opensshOf(seed) {
  const key = Buffer.from(keyOf(seed).public);
  const secret = Buffer.concat([
    uint32(0), // twice the same, so that a wrong passphrase would show
    uint32(0),
    string("ssh-ed25519"),
    string(key),
    string(Buffer.concat([Buffer.alloc(32, seed), key])),
    string("for tests only"),
  ]);
  const padding = Buffer.from(Array.from({ length: -secret.length & 7 }, (_, at) => at + 1));
  const file = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    string("none"),
    string("none"),
    string(""),
    uint32(1),
    string(Buffer.concat([string("ssh-ed25519"), string(key)])),
    string(Buffer.concat([secret, padding])),
  ]);
  const lines = file.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----", ""].join("\n");
}
