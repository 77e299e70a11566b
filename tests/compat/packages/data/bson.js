import { BSON, Binary, Decimal128, EJSON, Long, ObjectId, UUID } from "bson";

export default () => {
  const value = { _id: new ObjectId("65a1b2c3d4e5f60718293a4b"), n: Long.fromString("9007199254740993"), d: Decimal128.fromString("1.10"), at: new Date(0), bin: new Binary(Uint8Array.of(1, 2)), u: new UUID("00112233-4455-6677-8899-aabbccddeeff"), list: [null, /x/i] };
  const bytes = BSON.serialize(value);
  return [Buffer.from(bytes).toString("hex"), EJSON.stringify(BSON.deserialize(bytes, { promoteLongs: false })), value._id.getTimestamp(), BSON.calculateObjectSize(value)];
};
