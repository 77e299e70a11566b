import avro from "avsc";

const type = avro.Type.forSchema({ type: "record", name: "Pet", fields: [{ name: "kind", type: { type: "enum", name: "Kind", symbols: ["CAT", "DOG"] } }, { name: "name", type: "string" }, { name: "ages", type: { type: "array", items: "int" }, default: [] }] });
const inferred = avro.Type.forValue({ a: [1, 2.5] });

export default () => {
  const bytes = type.toBuffer({ kind: "DOG", name: "Rex", ages: [1, 300] });
  return [bytes.toString("hex"), type.fromBuffer(bytes), type.isValid({ kind: "FISH", name: "x", ages: [] }), type.fingerprint().toString("hex"), inferred.schema()];
};
