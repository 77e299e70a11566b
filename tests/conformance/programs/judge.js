// A vector's outcome, in the words of a vector: the same in every JavaScript runtime.

/**
 * @typedef {import("@cidery/verifier").Verifier} Verifier
 * @typedef {typeof import("@cidery/verifier").CideryError} CideryError
 *
 * @typedef {object} Evidence
 * @property {number} now
 * @property {any} policy
 * @property {any} request
 * @property {any} seen
 * @property {string} receipt
 * @property {string} head
 * @property {string} manifest
 * @property {{ path: string, bytes: string }[]} modules
 *
 * @typedef {{ now: number, policy: any, package: string, seen: any, proof: string }} PackageEvidence
 *
 * @typedef {{ publicKey: string, message: string, signature: string }} Signed
 */

/** @param {string} text */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {string} text */
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

/**
 * Judges a vector: what it expects is what this gives, or it is a fault.
 * @param {Verifier} verifier
 * @param {CideryError} CideryError
 * @param {import("../vectors.js").Vector} vector
 * @returns {unknown}
 */
export function judge(verifier, CideryError, vector) {
  const attempt = (/** @type {() => unknown} */ call, /** @type {(refusal: InstanceType<CideryError>) => unknown} */ refused) => {
    try {
      return call();
    } catch (error) {
      if (error instanceof CideryError) return refused(error);
      throw error;
    }
  };
  if ("verify" in vector) {
    return attempt(
      () => ({ ok: verdictOf(verifier, vector.verify) }),
      ({ code }) => ({ code }),
    );
  }
  if ("package" in vector) {
    return attempt(
      () => ({ ok: saidOf(verifier, vector.package) }),
      ({ code }) => ({ code }),
    );
  }
  if ("history" in vector) {
    return attempt(
      () => ({ ok: verifier.replay(vector.history.map(fromBase64)) }),
      ({ code, at }) => ({ code, at }),
    );
  }
  const { publicKey, message, signature } = vector.ed25519;
  return attempt(
    () => {
      verifier.verifySignature(fromHex(publicKey), fromHex(message), fromHex(signature));
      return "valid";
    },
    ({ code }) => code,
  );
}

/** As a loader does, the modules last. @param {Verifier} verifier @param {Evidence} of */
function verdictOf(verifier, of) {
  const policy = verifier.parsePolicy(of.policy);
  const seen = verifier.recall(of.seen);
  const parts = { receipt: fromBase64(of.receipt), head: fromBase64(of.head), manifest: fromBase64(of.manifest) };
  const verdict = verifier.verify(policy, of.request, parts, seen, of.now);
  for (const { path } of verdict.manifest.modules) {
    const given = of.modules.find((module) => module.path === path);
    if (given === undefined) throw new Error(`the vector gives no bytes for ${path}`);
    verdict.checkModule(path, fromBase64(given.bytes));
  }
  const { manifest, ...rest } = verdict;
  return { verdict: { ...rest, manifest: manifest.cid }, isolate: verdict.isolateId(), seen: seen.toJSON() };
}

/** @param {Verifier} verifier @param {PackageEvidence} of */
function saidOf(verifier, of) {
  const seen = verifier.recall(of.seen);
  const verdict = verifier.verifyPackageProof(verifier.parsePolicy(of.policy), of.package, fromBase64(of.proof), seen, of.now);
  return { verdict, seen: seen.toJSON() };
}
