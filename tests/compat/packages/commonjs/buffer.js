import { Buffer, INSPECT_MAX_BYTES } from "buffer/index.js";

export default () => {
  const bytes = Buffer.from("héllo", "utf8");
  const all = Buffer.concat([bytes, Buffer.alloc(4, "ab"), Buffer.from("ff00", "hex")]);
  all.writeDoubleBE(1.5, 0);
  return [bytes.toString("base64"), all.toString("hex"), all.readUInt16LE(2), bytes.indexOf("l"), Buffer.compare(bytes, all), bytes.equals(Buffer.from(bytes)), all.slice(8).toJSON(), Buffer.byteLength("☂"), INSPECT_MAX_BYTES];
};
