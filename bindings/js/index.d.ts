export { CideryError } from "./error.js";

/** A policy in its JSON form (SPEC §10.1). */
export interface PolicyDocument {
  origins: Record<string, { logKeys: string[]; cosigner: string; maxAge?: number }>;
  packages: Record<
    string,
    { origin: string; keys?: string[]; threshold?: number; init?: string; egress?: string[] }
  >;
}

/** What is asked for (SPEC §10.2): a package with a range, with a version, or with a version and a manifest's CID. */
export type Request =
  | { package: string; range: string }
  | { package: string; version: string; manifest?: string };

/** What is remembered between verdicts, in its JSON form. */
export interface SeenDocument {
  logs: Record<string, { size: number; root: string }>;
  packages: Record<string, Record<string, number>>;
}

/** A valid policy. */
export interface Policy {
  /** The log in which the policy wants a package to be; `policy.no_rule` where it has no rule for it. */
  originOf(name: string): string;
}

/** What was seen before (SPEC §10.3): neither a log nor the answer to a range goes back. */
export interface Seen {
  /** The size of the highest tree of a log: what a registry is asked to prove consistency with. */
  sizeOf(origin: string): number | undefined;
  toJSON(): SeenDocument;
}

/** A release that the policy allows, whose manifest is known by name alone: SPEC §10.4 up to step (11). */
export interface Proof {
  /** The manifest's CID. */
  readonly manifest: string;
  /** Step (12), over the manifest's bytes. The proof is used up. */
  verify(manifest: Uint8Array): Verdict;
}

/** What a manifest says of the code (SPEC §5). */
export interface Manifest {
  cid: string;
  main: string;
  modules: Module[];
  compatibility: { date: string; flags: string[] };
  needs: { egress: string[]; bindings: string[]; limits: { cpuMs?: number; subrequests?: number } };
}

/** A module of a manifest. */
export interface Module {
  path: string;
  kind: "esm" | "cjs" | "wasm" | "json" | "text" | "data";
  cid: string;
  /** Bytes. */
  size: number;
}

/** A release that the policy allows. Its modules must pass their checks before any of them runs. */
export interface Verdict {
  /**
   * Whether a defect of the verifier (`internal`) has taken the verdict, of which `check`, `checkModule` and `isolateId` know
   * nothing any more: verify again. Policies and what was seen are never lost.
   */
  readonly isLost: boolean;
  readonly package: string;
  readonly version: string;
  readonly manifest: Manifest;
  /** CID of the release's record. */
  readonly record: string;
  /** The record's place in the package's own log. */
  readonly sequence: number;
  /** The record's place in the log. */
  readonly index: number;
  /** CID of the package's first record. */
  readonly init: string;
  /** The keys of the package's authority that signed, `z6Mk…`. */
  readonly signers: string[];
  readonly origin: string;
  /** The head: its tree, and when it was cosigned, in seconds since 1970. */
  readonly head: { size: number; root: string; time: number };
  /** Until when the verdict holds, in seconds since 1970. */
  readonly validUntil: number;
  /** The hosts that are granted: those the code asks for that the policy allows. */
  readonly egress: string[];
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
  /** Says whether the bytes were the ones. The check is used up. */
  finish(): void;
}

/**
 * Whatever is refused is thrown as a {@link CideryError}: a wrong argument as `usage`, a defect of ours as `internal`, and the next
 * call works.
 */
export interface Verifier {
  parsePolicy(policy: PolicyDocument): Policy;
  /** Reads `@scope/name@range` or `@scope/name@version`. */
  parseReference(text: string): Request;
  rememberNothing(): Seen;
  recall(seen: SeenDocument): Seen;
  /** Steps (1) to (11) of SPEC §10.4 over a resolution, which `seen` remembers; `now` is in seconds since 1970. */
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
