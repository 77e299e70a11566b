import type {
  Explanation,
  Manifest,
  PackageState,
  PolicyDocument,
  ProvenPackage,
  Request,
  Revocation,
  SeenDocument,
  Severity,
  Statement,
  Yank,
} from "./documents.js";

export type * from "./documents.js";
export { CideryError } from "./error.js";

/** A valid policy. */
export interface Policy {
  /** The log in which the policy wants a package to be; `policy.no_rule` where it has no rule for it. */
  originOf(name: string): string;
  /** The severities of a yank that it tolerates in a package, the least first: what a registry is told with a range. */
  yankedOf(name: string): Severity[];
}

/** What was seen before (SPEC §10.3): neither a log nor a package in it goes back. */
export interface Seen {
  /** The size of the highest tree of a log: what a registry is asked to prove consistency with. */
  sizeOf(origin: string): number | undefined;
  /** Takes over what another has seen, of each the higher; `log.fork` where the two saw different trees of one size. */
  merge(other: Seen): void;
  toJSON(): SeenDocument;
}

/** A release that the policy allows, whose manifest is known by name alone: SPEC §10.4 up to step (14). */
export interface Proof {
  /** The manifest's CID. */
  readonly manifest: string;
  /** Step (15), over the manifest's bytes. */
  verify(manifest: Uint8Array): Verdict;
}

/** A release that the policy allows (SPEC §10.4). Its modules must pass their checks before any of them runs. */
export interface Verdict {
  /**
   * Whether a defect of the verifier (`internal`) has taken the verdict, of which `check`, `checkModule` and `isolateId` know
   * nothing any more: verify again. Policies and what was seen are never lost.
   */
  readonly isLost: boolean;
  readonly package: string;
  readonly version: string;
  /** CID of the release's record. */
  readonly record: string;
  /** The record's place in the package's own log. */
  readonly sequence: number;
  /** The record's place in the log. */
  readonly index: number;
  /** When it was logged, in seconds since 1970. */
  readonly time: number;
  readonly manifest: Manifest;
  /** The keys of the package's authority that signed, `z6Mk…`. */
  readonly signers: string[];
  /** CID of the package's first record. */
  readonly init: string;
  /** CID of the record by which those have the say who have it now, as far as that was shown. */
  readonly authority: string;
  readonly origin: string;
  /** Whether it was shown what became of the release since it was logged. */
  readonly revocation: Revocation;
  /** The head: its tree, when it was cosigned, in seconds since 1970, and the policy's witnesses that cosigned it in time. */
  readonly head: { size: number; root: string; time: number; witnesses: string[] };
  /** What is attested about the release. */
  readonly provenance: Statement[];
  /** The channel that was asked for, where one was. */
  readonly channel?: string;
  /** The yank that was tolerated, or that a lock does not ask about. */
  readonly yanked?: Yank;
  /** The hosts that are granted: those the code asks for that the policy allows. */
  readonly egress: string[];
  /** Until when the verdict holds, in seconds since 1970. */
  readonly validUntil: number;
  /** Until when a client that reaches no registry may go on with it, in seconds since 1970. */
  readonly graceUntil: number;
  /** The check of a module's bytes as they arrive. */
  check(path: string): BlobCheck;
  /** The check of a module's bytes at once. They must be a buffer that nobody else can write to. */
  checkModule(path: string, bytes: Uint8Array): void;
  /** The isolate's id (SPEC §10.6). */
  isolateId(of?: { overrides?: string[]; tenant?: string; envKey?: string }): string;
}

/** The check of one module: length, hash, encoding (SPEC §10.5). */
export interface BlobCheck {
  /** Takes the next bytes; refuses as soon as they are too many. */
  update(chunk: Uint8Array): void;
  /** Says whether the bytes so far were the ones. */
  finish(): void;
}

/**
 * Whatever is refused is thrown as a {@link CideryError}: a wrong argument as `usage`, a defect of ours as `internal`, and the next
 * call works. Documents may be given as values or as their JSON text; only in the text can a name that stands twice be seen.
 */
export interface Verifier {
  parsePolicy(policy: PolicyDocument | string): Policy;
  /** Reads `@scope/name@range`, `@scope/name@version` or `@scope/name:channel`. */
  parseReference(text: string): Request;
  /**
   * The bucket of a channel for a user, whatever text it is that tells users apart: always the same one for the same user, from 0
   * to 9,999 (SPEC §10.2).
   */
  bucketOf(name: string, channel: string, user: string): number;
  rememberNothing(): Seen;
  /** Reads what `toJSON` of a {@link Seen} gave. */
  recall(seen: SeenDocument | string): Seen;
  /** Steps (1) to (14) of SPEC §10.4 over a resolution, which `seen` remembers; `now` is in seconds since 1970. */
  prove(policy: Policy, request: Request, resolution: Uint8Array, seen: Seen, now: number): Proof;
  /** All steps over the parts; `seen` remembers them. */
  verify(
    policy: Policy,
    request: Request,
    parts: { receipt: Uint8Array; head: Uint8Array; manifest: Uint8Array },
    seen: Seen,
    now: number,
  ): Verdict;
  /**
   * What the log says of a package by a proof (SPEC §10.8): its state, or that there is no such package. `seen` remembers it; `now` is in
   * seconds since 1970.
   */
  verifyPackageProof(policy: Policy, name: string, proof: Uint8Array, seen: Seen, now: number): ProvenPackage;
  /**
   * What each of these steps looked at and said. Nothing is thrown for a refusal, and nothing is remembered; without a manifest, the
   * last step is not reached.
   */
  explain(
    policy: Policy,
    request: Request,
    parts: { receipt: Uint8Array; head: Uint8Array; manifest?: Uint8Array },
    seen: Seen,
    now: number,
  ): Explanation;
  /**
   * A package's state after the entries of its log, from its first one on (SPEC §6.4): all of it is checked but that the entries are
   * in the log, and that none is withheld at the end. With `time`, in seconds since 1970, the state as it is then, where nothing was
   * logged since.
   *
   * @throws {CideryError} the first entry that is refused; `at` is its place
   */
  replay(entries: Uint8Array[], time?: number): PackageState;
  /**
   * Whether an ed25519 signature (64 bytes) is that of a public key (32 bytes), strictly (SPEC §4.1, §4.2); it says nothing of
   * whether the key is to be trusted.
   *
   * @throws {CideryError} `key.malformed`, `envelope.signature`
   */
  verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): void;
}

/**
 * Loads the verifier, in every runtime; where it is loaded, this costs nothing. A failure is a {@link CideryError} with the code
 * `environment` that names its cause, and the next call tries again.
 */
export function ready(): Promise<Verifier>;

/**
 * The verifier at once. Workers, Node, Deno and Bun load it at the first call; browsers can't, and there {@link ready} must have
 * been awaited before (`environment`).
 */
export function verifier(): Verifier;
