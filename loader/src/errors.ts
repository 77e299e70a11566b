// Everything that this package throws: an error with a word of SPEC §13.

import { CideryError } from "@cidery/verifier/error";

export { CideryError };

/** The caller's mistake, and what to do about it. */
export const usage = (message: string, hint: string): CideryError => new CideryError("usage", message, { hint });

/** Something that failed on the way to the registry, or what it said instead of an answer. */
export const network = (message: string, cause?: unknown): CideryError =>
  new CideryError("network.failed", message, { cause });

/** Something that failed in the store of what was seen. */
export const storage = (message: string, cause?: unknown): CideryError => new CideryError("storage.failed", message, { cause });

/** What a registry does not find, and whether its log proves that. */
export const notFound = (message: string, cause?: unknown): CideryError => new CideryError("not_found", message, { cause });
