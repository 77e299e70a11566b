// What may be loaded, as callers write it.

import type { Request, Verifier } from "@cidery/verifier";

/** An entry of a lock: exactly this code. */
export interface LockEntry {
  name: string;
  version: string;
  /** CID of the manifest. */
  cid: string;
}

/** A channel, for a user. */
export interface ChannelEntry {
  name: string;
  channel: string;
  /**
   * Whatever text tells users apart: it decides on the user's bucket, and so on the release where the channel names several. It
   * stays here; a registry is told the bucket. Without one, it is the first bucket.
   */
  user?: string;
}

/** `@scope/name@range`, `@scope/name@version`, `@scope/name:channel`, an entry of a lock, or a channel for a user. */
export type Reference = string | LockEntry | ChannelEntry;

/** What is asked for, and under which key its verdict is remembered: no two requests have one key. */
export interface Asked {
  readonly key: string;
  readonly request: () => Request;
}

/** Reads a reference. A text is read when it is asked for the first time. */
export function askedBy(reference: Reference, verifier: Verifier): Asked {
  if (typeof reference === "string") return { key: reference, request: () => verifier.parseReference(reference) };
  const request = requestOf(reference, verifier);
  return { key: JSON.stringify(request), request: () => request };
}

function requestOf(entry: LockEntry | ChannelEntry, { bucketOf }: Verifier): Request {
  if (!("channel" in entry)) return { package: entry.name, version: entry.version, manifest: entry.cid };
  const { name, channel, user } = entry;
  return { package: name, channel, bucket: user === undefined ? 0 : bucketOf(name, channel, user) };
}
