// What callers give, checked before it goes into the wasm memory: a caller's mistake is `usage` and not a defect.

import { CideryError } from "./error.js";

const mistake = (message) => new CideryError("usage", message);

/** A Uint8Array of any realm, or Node's Buffer. */
export function bytes(value, what) {
  if (ArrayBuffer.isView(value) && value[Symbol.toStringTag] === "Uint8Array") return value;
  throw mistake(`${what} must be a Uint8Array`);
}

/** Several of them, which lie together in one buffer. */
export function joined(list) {
  const lengths = Uint32Array.from(list, ({ length }) => length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const [index, part] of list.entries()) {
    bytes.set(part, at);
    at += lengths[index];
  }
  return { bytes, lengths };
}

/** A string that has a form in UTF-8, so that no two of them become the same bytes. */
export function text(value, what) {
  if (typeof value === "string" && value.isWellFormed()) return value;
  throw mistake(`${what} must be a string without half of a surrogate pair`);
}

export function optionalText(value, what) {
  return value === undefined ? undefined : text(value, what);
}

export function texts(values, what) {
  return each(values, what, text);
}

/** An array of what `check` lets pass. */
export function each(values, what, check) {
  if (Array.isArray(values)) return Array.from(values, (value) => check(value, `each of ${what}`));
  throw mistake(`${what} must be an array`);
}

/** Seconds since 1970. A time in milliseconds is no mistake that can be told; it makes every head stale. */
export function seconds(value, what) {
  if (Number.isFinite(value) && value >= 0) return value;
  throw mistake(`${what} must be a number of seconds since 1970`);
}

/** A JSON value as its text; a string is that text itself. */
export function json(value, what) {
  if (typeof value === "string") return text(value, what);
  let cause;
  try {
    const text = JSON.stringify(value);
    if (text !== undefined) return text;
  } catch (error) {
    cause = error;
  }
  throw new CideryError("usage", `${what} must be a JSON value`, { cause });
}

export function made(value, by, what) {
  if (value instanceof by) return value;
  throw mistake(`${what} must be what the verifier made`);
}
