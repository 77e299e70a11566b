/**
 * A refusal: `code` is a word of SPEC §13, `hint` says what can be done about it, and `at` is the place of what is refused where it is one of a
 * list.
 */
export class CideryError extends Error {
  constructor(code, message, { hint, at, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CideryError";
    this.code = code;
    if (hint !== undefined) this.hint = hint;
    if (at !== undefined) this.at = at;
  }
}
