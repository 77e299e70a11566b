import forge from "node-forge";

export default () => {
  const md = forge.md.sha256.create().update("cidery");
  const cipher = forge.cipher.createCipher("AES-CBC", "0123456789abcdef");
  cipher.start({ iv: "fedcba9876543210" });
  cipher.update(forge.util.createBuffer("plain text"));
  cipher.finish();
  const asn1 = forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.SEQUENCE, true, [forge.asn1.create(forge.asn1.Class.UNIVERSAL, forge.asn1.Type.OID, false, forge.asn1.oidToDer("1.2.840.113549").getBytes())]);
  return [md.digest().toHex(), cipher.output.toHex(), forge.util.bytesToHex(forge.pkcs5.pbkdf2("p", "s", 10, 16)), forge.util.bytesToHex(forge.asn1.toDer(asn1).getBytes()), forge.pem.encode({ type: "TEST", body: "abc" })];
};
