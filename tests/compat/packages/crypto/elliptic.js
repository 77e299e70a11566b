import elliptic from "elliptic";

export default () => {
  const secp = new elliptic.ec("secp256k1");
  const key = secp.keyFromPrivate("0b".repeat(32), "hex");
  const signature = key.sign("ab".repeat(32), { canonical: true });
  const ed = new elliptic.eddsa("ed25519").keyFromSecret("0c".repeat(32));
  return [key.getPublic(true, "hex"), signature.toDER("hex"), key.verify("ab".repeat(32), signature), ed.sign("00ff").toHex(), key.derive(secp.keyFromPrivate("05", 16).getPublic()).toString(16)];
};
