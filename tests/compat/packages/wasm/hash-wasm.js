import { argon2id, blake3, bcryptVerify, crc32, createSHA256, xxhash64 } from "hash-wasm";

export default async () => {
  const sha = await createSHA256();
  sha.init().update("ci").update(new Uint8Array([100, 101]));
  return [await blake3("cidery"), await crc32("cidery"), await xxhash64("cidery"), sha.digest(), await argon2id({ password: "p", salt: "saltsalt", parallelism: 1, iterations: 2, memorySize: 64, hashLength: 16, outputType: "encoded" }), await bcryptVerify({ password: "x", hash: "$2a$04$abcdefghijklmnopqrstuuJfJv6DX.7RYzr3nUmI0ioItKwk/XSfq" }).catch(String)];
};
