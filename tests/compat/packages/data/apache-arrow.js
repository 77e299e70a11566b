import { DateMillisecond, Float64, Int32, Table, Utf8, makeVector, tableFromArrays, tableFromIPC, tableToIPC, vectorFromArray } from "apache-arrow";

export default () => {
  const table = tableFromArrays({ id: Int32Array.of(1, 2, 3), score: Float64Array.of(0.5, 1.5, 2.5), name: ["a", "ü", null] });
  const back = tableFromIPC(tableToIPC(table, "stream"));
  const dates = vectorFromArray([new Date(0), null], new DateMillisecond());
  return [back.toArray().map((row) => row.toJSON()), back.schema.fields.map(String), back.getChild("score").toArray().reduce((a, b) => a + b), dates.nullCount, new Table({ x: makeVector(Int32Array.of(7)) }).numRows, vectorFromArray(["x", "y"], new Utf8()).slice(1).toJSON(), String(new Float64())];
};
