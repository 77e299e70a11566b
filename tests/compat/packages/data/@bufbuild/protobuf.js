import { create, createRegistry, equals, fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { AnySchema, DurationSchema, StructSchema, TimestampSchema, anyPack, anyUnpack, timestampFromDate } from "@bufbuild/protobuf/wkt";

export default () => {
  const at = timestampFromDate(new Date(1_700_000_000_123));
  const struct = fromJson(StructSchema, { a: [1, { b: null }], c: "x" });
  const any = anyPack(DurationSchema, create(DurationSchema, { seconds: 90n, nanos: 5 }));
  const registry = createRegistry(DurationSchema);
  return [Buffer.from(toBinary(TimestampSchema, at)).toString("hex"), toJson(TimestampSchema, at), toJson(StructSchema, fromBinary(StructSchema, toBinary(StructSchema, struct))), toJson(AnySchema, any, { registry }), equals(DurationSchema, anyUnpack(any, DurationSchema), create(DurationSchema, { seconds: 90n, nanos: 5 }))];
};
