/** A refusal: `code` is a word of SPEC §13, `hint` says what can be done about it. */
export class CideryError extends Error {
  constructor(code, message, { hint, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CideryError";
    this.code = code;
    if (hint !== undefined) this.hint = hint;
  }
}
