// What travels as JSON, in the words of SPEC: everything here can be written down and read again.

/** A policy (SPEC §10.1). */
export interface PolicyDocument {
  /** Where an editor finds the schema; nothing else reads it. */
  $schema?: string;
  /** The logs that are trusted, by origin. */
  origins: Record<string, LogDocument>;
  /** The packages that are trusted, by name or `@scope/*`. */
  packages: Record<string, RuleDocument>;
}

/** Whom to believe about a log. */
export interface LogDocument {
  /** The log's keys, `z6Mk…`: one of them signs its checkpoints. */
  logKeys: string[];
  /** The key that says when a checkpoint was the newest. */
  cosigner: string;
  /** Those who watch the log: the names under which they cosign, and their keys. */
  witnesses?: { name: string; key: string }[];
  /** How many of them must have cosigned a head; none where it is absent. */
  quorum?: number;
  /** How old a head may be, seconds; a day where it is absent. */
  maxAge?: number;
  /** How long a verdict is good beyond that where no registry is reached, seconds; not at all where it is absent. */
  offlineGrace?: number;
}

/** Whom to believe about packages. One of `keys`, `init` and `recovery` is there at least. */
export interface RuleDocument {
  /** The log that they are in. */
  origin: string;
  /** Publisher keys, `z6Mk…`. */
  keys?: string[];
  /** How many distinct ones of them must have signed; one where it is absent. */
  threshold?: number;
  /** CID of the package's first record. */
  init?: string;
  /** Recovery keys that the package's authority comes from, and how many distinct ones of them must have signed. */
  recovery?: { keys: string[]; threshold?: number };
  /** Channels that may be asked for; none where it is absent. */
  channels?: string[];
  /** How old a release must be, seconds; of any age where it is absent. */
  minAge?: number;
  /** Severities of a yank that are tolerated; none where it is absent. */
  yanked?: Severity[];
  /** Whether a release must name provenance; not where it is absent. */
  provenance?: boolean;
  /** Hosts that may be granted; none where it is absent. */
  egress?: string[];
  /** Whether a head must show what became of a release since it was logged; `proven` where it is absent. */
  revocation?: Revocation;
}

/** Whether it is shown what became of a release: newer keys, yanks, newer releases. Where it is `unchecked`, none of it is known. */
export type Revocation = "proven" | "unchecked";

/** How bad a yanked release is. */
export type Severity = "low" | "medium" | "high" | "critical";

/** What is asked for (SPEC §10.2): a package with a range, with a version, with a version and a manifest's CID, or with a channel and a bucket. */
export type Request =
  | { package: string; range: string }
  | { package: string; version: string; manifest?: string }
  | { package: string; channel: string; bucket?: number };

/** What is remembered between verdicts (SPEC §10.3). */
export interface SeenDocument {
  format: "cidery-seen-v1";
  /** By origin: the highest tree, and of each package the highest sequence. */
  logs: Record<string, { size: number; root: string; packages: Record<string, number> }>;
}

/** A verdict step by step: which rule of SPEC §10.4 looked at what, and what it said. */
export interface Explanation {
  /** All rules, in the order in which they are judged. */
  steps: ExplainedStep[];
}

/** One rule. */
export type ExplainedStep = {
  /** Its place in SPEC, such as `10.4 (4)`. */
  step: string;
  /** What it asks for. */
  rule: string;
  /** What it looked at; absent where it was not reached. */
  lookedAt?: string;
} & (
  | { verdict: "passed" }
  /** This is why there is no verdict: a code of SPEC §13, and a message with its causes. */
  | { verdict: "refused"; code: string; message: string }
  /** Another rule refused before, or what it judges was not given. */
  | { verdict: "notReached" }
);

/** What a log says of a package (SPEC §10.8). */
export interface ProvenPackage {
  package: string;
  origin: string;
  /** The head: its tree, when it was cosigned, in seconds since 1970, and the policy's witnesses that cosigned it in time. */
  head: { size: number; root: string; time: number; witnesses: string[] };
  /** The package's state; absent where there is no such package. */
  state?: StateObject;
  /** Until when this holds, in seconds since 1970. */
  validUntil: number;
}

/** A package's state as the log's map names it (SPEC §9.4). */
export interface StateObject {
  /** Its own CID: the package's value in the map. */
  cid: string;
  /** The sequence of its newest record. */
  sequence: number;
  /** CID of its newest record. */
  newest: string;
  /** CID of the record by which those have the say who have it. */
  authority: string;
  /** Who will have the say, and from when, in seconds since 1970. */
  pending?: { record: string; from: number };
  /** The tree of its versions. */
  versions: { size: number; root: string };
  /** The tree of its channels. */
  channels: { size: number; root: string };
}

/** A package after all its records so far (SPEC §11.2, without `index`). */
export interface PackageState {
  package: string;
  origin: string;
  /** The sequence of its newest record. */
  sequence: number;
  /** CID of its newest record. */
  newest: string;
  /** CID of its first record. */
  init: string;
  authority: PackageAuthority;
  /** Who will have the say, and from when, in seconds since 1970. */
  pending?: { record: string; from: number };
  /** In the order of the log. */
  releases: PackageRelease[];
  /** By name. */
  channels: PackageChannel[];
}

/** Who has the say over a package. */
export interface PackageAuthority {
  /** CID of the record that says so. */
  record: string;
  keys: string[];
  threshold: number;
  floors: { provenance: boolean; witnesses: number };
  recovery?: { keys: string[]; threshold: number; delay: number };
  nextVersionFloor?: string;
}

/** A release of a package. */
export interface PackageRelease {
  version: string;
  record: string;
  manifest: string;
  sequence: number;
  /** When it was logged, in seconds since 1970. */
  time: number;
  /** CID of the record that made it void. */
  void?: string;
  yanked?: Yank & { record: string };
}

/** A channel of a package. */
export interface PackageChannel {
  name: string;
  record: string;
  sequence: number;
  targets: { version: string; record: string; weight: number }[];
  /** CID of the record that made it void. */
  void?: string;
}

/** What a yank says of a release. */
export interface Yank {
  severity: Severity;
  reason: "broken" | "compromised" | "deprecated" | "legal" | "security" | "other";
  text?: string;
  /** The version to use instead. */
  replacement?: string;
}

/** An attestation, which is a blob. */
export interface Statement {
  cid: string;
  /** Bytes. */
  size: number;
  /** SHA-256 of the manifest that it is about, in hexadecimal. */
  subject: string;
}

/** What a manifest says of the code (SPEC §5). */
export interface Manifest {
  cid: string;
  main: string;
  modules: Module[];
  compatibility: { date: string; flags: string[] };
  needs: { egress: string[]; bindings: string[]; limits: { cpuMs?: number; subrequests?: number } };
  /** The packages that it links: whoever loads it has to verify these, too (SPEC §5.7). */
  imports: { name: string; version: string; manifest: string }[];
}

/** A module of a manifest. */
export interface Module {
  path: string;
  kind: "esm" | "cjs" | "wasm" | "json" | "text" | "data";
  cid: string;
  /** Bytes. */
  size: number;
}
