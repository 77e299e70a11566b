import { Decoder, Encoder, Tag, decode, encode } from "cbor-x";

export default () => {
  const value = { big: 2n ** 63n, list: [1, [2, -3]], bytes: Uint8Array.of(1, 2), at: new Date(0), set: new Set(["a"]) };
  const plain = new Encoder({ useRecords: false, mapsAsObjects: true });
  const back = decode(encode(value));
  return [Buffer.from(plain.encode({ a: 1, b: [true, null, 1.1] })).toString("hex"), String(back.big), back.list, [...back.bytes], back.at, [...back.set], new Decoder().decode(Buffer.from("d901028101", "hex")) instanceof Set, plain.encode(new Tag("x", 999)).length];
};
