export const NIL = "00000000-0000-0000-0000-000000000000";
export const MAX = "ffffffff-ffff-ffff-ffff-ffffffffffff";

const FORM = /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}|0{8}(?:-0{4}){3}-0{12}|f{8}(?:-f{4}){3}-f{12})$/i;

export const validate = (id) => typeof id === "string" && FORM.test(id);

export function version(id) {
  if (!validate(id)) throw TypeError("Invalid UUID");
  return parseInt(id.slice(14, 15), 16);
}

export function parse(id) {
  if (!validate(id)) throw TypeError("Invalid UUID");
  return Uint8Array.from(id.replaceAll("-", "").match(/../g), (byte) => parseInt(byte, 16));
}

export function stringify(bytes, offset = 0) {
  const text = Array.from(bytes.slice(offset, offset + 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
  const id = text.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  if (!validate(id)) throw TypeError("Stringified UUID is invalid");
  return id;
}

export function v4(options, buffer, offset = 0) {
  const given = options?.random ?? options?.rng?.();
  if (!given && !buffer) return crypto.randomUUID();
  if (given && given.length < 16) throw new Error("Random bytes length must be >= 16");
  const bytes = given ?? crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  if (!buffer) return stringify(bytes);
  if (offset < 0 || offset + 16 > buffer.length) throw new RangeError(`UUID byte range ${offset}:${offset + 15} is out of buffer bounds`);
  for (let at = 0; at < 16; at++) buffer[offset + at] = bytes[at];
  return buffer;
}
