/** A refusal: `code` is a word of SPEC §13, the same in every language. */
export class CideryError extends Error {
  constructor(code: string, message: string, options?: { hint?: string; at?: number; cause?: unknown });
  readonly name: "CideryError";
  /** Why, as one word: `log.stale`, `cid.mismatch`, … */
  readonly code: string;
  /** What can be done about it. */
  readonly hint?: string;
  /** The place, from 0, of what is refused, where it is one of a list. */
  readonly at?: number;
}
