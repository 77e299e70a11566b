// SPEC §11 as a client speaks it, with no opinion about the answers.

import { Author, initOf, keyOf, manifestOf, moduleOf, releaseOf } from "./objects.js";

/** @typedef {import("./objects.js").Key} Key */

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} body what the JSON says; undefined where it is none
 * @property {string | undefined} code the error's code
 */

/**
 * Sends a request and reads a JSON answer.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<Answer>}
 */
export async function call(url, init) {
  const response = await fetch(url, init);
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, body, code: body?.error?.code };
}

/**
 * @param {string} url of the registry
 * @param {any[]} records envelopes
 * @param {Uint8Array} [manifest] where a release is among them
 */
export const post = (url, records, manifest) =>
  call(`${url}/v1/publish`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ records, manifest: manifest && Buffer.from(manifest).toString("base64") }),
  });

/**
 * @param {string} url of the registry
 * @param {unknown} record CID of the last record of the publish that waits for the blob
 * @param {unknown} cid
 * @param {Uint8Array} bytes
 */
export const upload = (url, record, cid, bytes) =>
  call(`${url}/v1/blobs/${cid}?record=${record}`, { method: "PUT", body: Buffer.from(bytes) });

/**
 * A package with one release of one module, ready to be posted.
 * @param {{ origin: string, name: string, version?: string, key?: Key, code?: string, change?: (body: any) => void }} of
 */
export function packageOf({ origin, name, version = "1.0.0", key = keyOf(name), code, change }) {
  const module = moduleOf("index.js", code ?? `export default { fetch: () => new Response("${name}") };\n`);
  const manifest = manifestOf([module], change);
  const init = initOf({ origin, name, key });
  const release = releaseOf({ origin, name, key, version, manifest: manifest.cid, authority: init.cid });
  return { name, version, key, module, manifest, init, release, records: [init.envelope, release.envelope] };
}

/** Records of one publish, the most that it takes. */
export const RECORDS = 16;

/**
 * A package with as many records as one publish takes. All of these have one module, which is uploaded once.
 * @param {{ origin: string, name: string }} of
 */
export function fullPackageOf({ origin, name }) {
  const made = packageOf({ origin, name, code: "export default {};\n" });
  const author = new Author(origin, name, made);
  const targets = [{ release: { version: "1.0.0", record: made.release.cid }, weight: 10_000 }];
  while (made.records.length < RECORDS) {
    made.records.push(author.add("channel", { name: "stable", targets }, [made.key]).envelope);
  }
  return made;
}

/**
 * Posts, uploads what is missing, and posts again.
 * @param {string} url of the registry
 * @param {{ records: any[], manifest: { bytes: Uint8Array }, module: { bytes: Uint8Array } }} what
 * @returns {Promise<Answer>} the last answer
 */
export async function publish(url, { records, manifest, module }) {
  const first = await post(url, records, manifest.bytes);
  if (first.status !== 202) return first;
  for (const { cid } of first.body.blobs) {
    const answer = await upload(url, first.body.record, cid, module.bytes);
    if (answer.status >= 300) return answer;
  }
  return post(url, records, manifest.bytes);
}

/** @param {string} url of the registry */
export const originOf = async (url) => (await call(`${url}/v1/log`)).body.origin;
