// A vector's outcome, in the words of a vector: the same in every JavaScript runtime.

/**
 * @typedef {object} Vector
 * @property {string} name
 * @property {string} about
 * @property {number} now
 * @property {any} policy
 * @property {any} request
 * @property {any} seen
 * @property {string} receipt
 * @property {string} head
 * @property {string} manifest
 * @property {{ path: string, bytes: string }[]} modules
 * @property {{ code: string } | { ok: { verdict: any, isolate: string, seen: any } }} expect
 */

/** @param {string} text */
const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/**
 * Judges a vector as a loader does, the modules last.
 * @param {import("@cidery/verifier").Verifier} verifier
 * @param {typeof import("@cidery/verifier").CideryError} CideryError
 * @param {Vector} vector
 * @returns {Vector["expect"]}
 */
export function judge(verifier, CideryError, vector) {
  try {
    const policy = verifier.parsePolicy(vector.policy);
    const seen = verifier.recall(vector.seen);
    const parts = { receipt: decode(vector.receipt), head: decode(vector.head), manifest: decode(vector.manifest) };
    const verdict = verifier.verify(policy, vector.request, parts, seen, vector.now);
    for (const { path } of verdict.manifest.modules) {
      const given = vector.modules.find((module) => module.path === path);
      if (given === undefined) throw new Error(`the vector gives no bytes for ${path}`);
      verdict.checkModule(path, decode(given.bytes));
    }
    const { manifest, record, sequence, index, init, signers, origin, head, validUntil, egress, version } = verdict;
    return {
      ok: {
        verdict: {
          package: verdict.package,
          version,
          manifest: manifest.cid,
          record,
          sequence,
          index,
          init,
          signers,
          origin,
          head,
          validUntil,
          egress,
        },
        isolate: verdict.isolateId(),
        seen: seen.toJSON(),
      },
    };
  } catch (error) {
    if (error instanceof CideryError) return { code: error.code };
    throw error;
  }
}
