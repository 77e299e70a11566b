// What a defect does: the same in every JavaScript runtime.

import { fromBase64 } from "./judge.js";

/** Claims more bytes than it was given memory for: freeing them, Rust's allocator panics. */
class Growing extends Uint8Array {
  #asked = 0;

  get length() {
    return this.#asked++ === 0 ? 16 : 1 << 18;
  }
}

/** Claims more bytes than there can be: the module traps. */
class Endless extends Uint8Array {
  get length() {
    return 2 ** 31;
  }
}

/** What {@link defects} finds where all is well. */
const AS_DOCUMENTED = {
  code: "internal",
  verdictIsLost: true,
  verdict: "internal",
  check: "internal",
  nextCall: "1.2.0",
  seen: "unchanged",
};
export const EXPECTED = {
  panic: { ...AS_DOCUMENTED, message: "panicked" },
  trap: { ...AS_DOCUMENTED, message: "other" },
};

/**
 * Provokes a panic and a trap, and says what became of everything made before.
 * @param {import("./judge.js").Verifier} verifier
 * @param {import("./judge.js").CideryError} CideryError
 * @param {import("./judge.js").Evidence} evidence of a release 1.2.0 with a module `index.js`
 */
export function defects(verifier, CideryError, evidence) {
  const parts = { receipt: fromBase64(evidence.receipt), head: fromBase64(evidence.head), manifest: fromBase64(evidence.manifest) };
  const policy = verifier.parsePolicy(evidence.policy);
  const seen = verifier.rememberNothing();
  const verify = () => verifier.verify(policy, evidence.request, parts, seen, evidence.now);
  /** @param {() => unknown} call */
  const refusal = (call) => {
    try {
      call();
    } catch (error) {
      if (error instanceof CideryError) return error;
      throw error;
    }
    throw new Error("it was not refused");
  };
  /** @param {Uint8Array} lying */
  const afterwards = (lying) => {
    const verdict = verify();
    const check = verdict.check("index.js");
    const before = JSON.stringify(seen);
    const { code, message } = refusal(() => verifier.prove(policy, evidence.request, lying, seen, evidence.now));
    return {
      code,
      message: message.startsWith("the verifier failed: panicked at ") ? "panicked" : "other",
      verdictIsLost: verdict.isLost,
      verdict: refusal(() => verdict.isolateId()).code,
      check: refusal(() => check.finish()).code,
      nextCall: verify().version,
      seen: JSON.stringify(seen) === before ? "unchanged" : "forgotten",
    };
  };
  return { panic: afterwards(new Growing(0)), trap: afterwards(new Endless(0)) };
}
