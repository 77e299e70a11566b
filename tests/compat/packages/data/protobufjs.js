import protobuf from "protobufjs";

export default () => {
  const { root } = protobuf.parse('syntax = "proto3"; package t; enum Kind { NONE = 0; BIG = 5; } message Item { string name = 1; repeated int32 n = 2; map<string, Kind> kinds = 3; oneof one { bytes raw = 4; double d = 5; } }');
  const Item = root.lookupType("t.Item");
  const bytes = Item.encode(Item.create({ name: "ü", n: [1, 300, -1], kinds: { k: 5 }, raw: Uint8Array.of(1, 2) })).finish();
  return [Buffer.from(bytes).toString("hex"), Item.toObject(Item.decode(bytes), { enums: String, bytes: String, oneofs: true }), Item.verify({ name: 5 })];
};
