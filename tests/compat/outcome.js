// What comes of a program: its value, or a failure with the step it happened at.

import { isDeepStrictEqual } from "node:util";

/** @typedef {{ value: unknown } | { step: Step, error: string }} Outcome */
/** @typedef {"import" | "bundle" | "start" | "run" | "value"} Step */

/** No failure is told at greater length. */
const LENGTH = 600;

/** @param {Step} step @param {unknown} error @returns {Outcome} */
export const failed = (step, error) => ({ step, error: String(error).trim().slice(0, LENGTH) });

/**
 * What an isolate's answer to a request says.
 * @param {Response} response
 * @returns {Promise<Outcome>}
 */
export async function answered(response) {
  const text = await response.text();
  /** @type {any} */
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    return failed("start", text || response.status);
  }
  if ("value" in body) return { value: body.value };
  return typeof body.error === "string" ? failed("run", body.error) : failed(body.step ?? "start", body.error?.message ?? text);
}

/** An outcome as judged by Node's value. @param {Outcome} outcome @param {unknown} expected @returns {Outcome} */
export function judged(outcome, expected) {
  if (!("value" in outcome) || isDeepStrictEqual(outcome.value, expected)) return outcome;
  return failed("value", difference(outcome.value, expected));
}

/** Where two values part. @param {any} got @param {any} wanted @param {string} [at] @returns {string} */
function difference(got, wanted, at = "value") {
  const isNested = [got, wanted].every((value) => typeof value === "object" && value !== null);
  if (!isNested) return `${at}: got ${JSON.stringify(got)}, wanted ${JSON.stringify(wanted)}`;
  const keys = new Set([...Object.keys(wanted), ...Object.keys(got)]);
  const key = [...keys].find((each) => !isDeepStrictEqual(got[each], wanted[each]));
  return difference(got[key ?? ""], wanted[key ?? ""], `${at}.${key}`);
}

/**
 * Does work for all items, so many at a time.
 * @template T, R
 * @param {T[]} items
 * @param {number} lanes
 * @param {(item: T) => Promise<R>} work
 * @returns {Promise<R[]>} in the order of the items
 */
export async function inLanes(items, lanes, work) {
  /** @type {R[]} */
  const results = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [at, item] of queue) results[at] = await work(item);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}
