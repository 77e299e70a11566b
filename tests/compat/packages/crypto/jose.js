import { CompactEncrypt, EncryptJWT, SignJWT, calculateJwkThumbprint, compactDecrypt, importJWK, jwtDecrypt, jwtVerify } from "jose";

export default async () => {
  const secret = new Uint8Array(32).fill(1);
  const token = await new SignJWT({ sub: "ada" }).setProtectedHeader({ alg: "HS256" }).setIssuedAt(1_700_000_000).setExpirationTime(1_700_000_600).sign(secret);
  const okp = { kty: "OKP", crv: "Ed25519", d: Buffer.from(secret).toString("base64url"), x: "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w" };
  const signed = await new SignJWT({ n: 1 }).setProtectedHeader({ alg: "EdDSA" }).sign(await importJWK(okp, "EdDSA"));
  const sealed = await new EncryptJWT({ secret: true }).setProtectedHeader({ alg: "dir", enc: "A256GCM" }).encrypt(secret);
  const late = await jwtVerify(token, secret, { currentDate: new Date(1_800_000_000_000) }).catch(({ code }) => code);
  const box = await new CompactEncrypt(secret).setProtectedHeader({ alg: "A256KW", enc: "A128CBC-HS256" }).encrypt(secret);
  return [token, signed, (await jwtVerify(token, secret, { currentDate: new Date(1_700_000_001_000) })).payload, late, (await jwtDecrypt(sealed, secret)).payload, (await compactDecrypt(box, secret)).plaintext.length, await calculateJwkThumbprint(okp)];
};
