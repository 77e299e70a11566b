// What a runtime says of everything it is asked: the programs beside this one carry questions and answers.

import * as verifier from "@cidery/verifier";

import { defects } from "./defects.js";
import { judge } from "./judge.js";

/**
 * @typedef {object} Report
 * @property {Record<string, unknown>} outcomes of each vector, by its id
 * @property {unknown} defects
 * @property {boolean} isOne whether `ready()`, also twice at once, and `verifier()` give the same
 */

/** @param {import("../vectors.js").Vector[]} vectors @returns {Promise<Report>} */
export async function report(vectors) {
  const { CideryError, ready } = verifier;
  const [loaded, again] = await Promise.all([ready(), ready()]);
  const release = /** @type {import("../vectors.js").VerifyVector} */ (vectors.find(({ id }) => id === "verify/ok_range"));
  return {
    outcomes: Object.fromEntries(vectors.map((vector) => [vector.id, judge(loaded, CideryError, vector)])),
    defects: defects(loaded, CideryError, release.verify),
    isOne: loaded === again && loaded === verifier.verifier(),
  };
}

/** How loading fails, twice. */
export async function failure() {
  const { CideryError, ready } = verifier;
  const outcome = async () => {
    try {
      await ready();
      return "loaded";
    } catch (error) {
      return error instanceof CideryError ? `${error.code}: ${error.message}` : `not ours: ${error}`;
    }
  };
  return [await outcome(), await outcome()];
}
