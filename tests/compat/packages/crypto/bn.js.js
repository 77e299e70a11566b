import BN from "bn.js";

export default () => {
  const [a, b] = [new BN("dead".repeat(12), 16), new BN("123456789012345678901234567890")];
  const red = BN.red("k256");
  return [a.mul(b).toString(), a.div(b).toString(16), a.umod(b).toString(), b.pow(new BN(3)).bitLength(), new BN(7).toRed(red).redInvm().fromRed().toString("hex"), b.toArrayLike(Buffer, "le", 16).toString("hex"), a.neg().cmp(b)];
};
