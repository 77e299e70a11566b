// What is asked of a registry, or of any mirror of it. Nothing that comes back is believed here.

import type { Request, Severity } from "@cidery/verifier";

import { CideryError, network } from "./errors.ts";

/** Where releases are read: an address, a service binding, or a function like `fetch`. */
export type Registry = string | URL | Fetcher | typeof fetch;

/** Bytes of a resolution, proof or manifest (SPEC §12). */
const OBJECT_BYTES = 1 << 20;
/** Bytes of an error's body. */
const ERROR_BYTES = 4 << 10;
/** How long an answer may take, in milliseconds. */
const TIMEOUT = 30_000;
/** What a registry says of what is asked for; whatever else it refuses is its own trouble. */
const REFUSALS = new Set(["not_found", "release.void", "release.yanked"]);
/** What a service binding or a function is asked under; neither looks at the host. */
const NOWHERE = "https://registry.invalid";

/** A client of the paths of SPEC §11 that a loader needs. */
export class RegistryClient {
  readonly #base: string;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response>;

  constructor(registry: Registry) {
    if (typeof registry === "string" || registry instanceof URL) {
      this.#base = new URL(registry).href.replace(/\/+$/, "");
      this.#fetch = (url, init) => fetch(url, init);
    } else {
      this.#base = NOWHERE;
      this.#fetch = typeof registry === "function" ? registry : (url, init) => registry.fetch(url, init);
    }
  }

  /** The resolution of a request, with consistency since the tree of size `since`; yanks of these severities are `tolerated`. */
  resolution(request: Request, tolerated: Severity[], since: number | undefined): Promise<Uint8Array> {
    const query = queryOf(request, tolerated);
    if (since !== undefined) query.set("since", String(since));
    return this.#object(`/v1/packages/${request.package}/resolve?${query}`);
  }

  /** The proof of what the log says of a package, with consistency as above. */
  proof(name: string, since: number | undefined): Promise<Uint8Array> {
    return this.#object(`/v1/packages/${name}/proof${since === undefined ? "" : `?since=${since}`}`);
  }

  /** The bytes of a manifest. */
  manifest(cid: string): Promise<Uint8Array> {
    return this.#object(`/v1/manifests/${cid}`);
  }

  /** The bytes of a blob as they come. */
  async *blob(cid: string): AsyncGenerator<Uint8Array> {
    const response = await this.#get(`/v1/blobs/${cid}`);
    if (response.body === null) return;
    yield* chunks(response.body, `the blob ${cid}`);
  }

  async #object(path: string): Promise<Uint8Array> {
    const response = await this.#get(path);
    const bytes = await bounded(response, OBJECT_BYTES);
    if (bytes === undefined) throw new CideryError("limit.exceeded", `${path}: more than ${OBJECT_BYTES} bytes`);
    return bytes;
  }

  async #get(path: string): Promise<Response> {
    let response: Response;
    try {
      // A redirect would be another address than the one that was configured.
      const init = { redirect: "manual", signal: AbortSignal.timeout(TIMEOUT) } as const;
      response = await this.#fetch(this.#base + path, init);
    } catch (cause) {
      throw network(`the registry cannot be reached: ${reason(cause)}`, cause);
    }
    if (response.status === 200) return response;
    const said = await refusal(response);
    if (said !== undefined && REFUSALS.has(said.code)) throw new CideryError(said.code, said.message);
    throw network(`the registry answered ${response.status} to ${path}${said ? `: ${said.message}` : ""}`);
  }
}

function queryOf(request: Request, tolerated: Severity[]): URLSearchParams {
  if ("version" in request) return new URLSearchParams({ version: request.version });
  if ("channel" in request) return new URLSearchParams({ channel: request.channel, bucket: String(request.bucket ?? 0) });
  return new URLSearchParams({ range: request.range, ...(tolerated.length > 0 && { yanked: tolerated.join() }) });
}

/** The code and message of an error's body, where it is one of SPEC §11. */
async function refusal(response: Response): Promise<{ code: string; message: string } | undefined> {
  try {
    const bytes = await bounded(response, ERROR_BYTES);
    const { error } = JSON.parse(new TextDecoder().decode(bytes)) as { error: { code: unknown; message: unknown } };
    return { code: String(error.code), message: String(error.message) };
  } catch {
    return undefined;
  }
}

/** All bytes of a body; none where there are more than `most`, of which not much more is read. */
async function bounded(response: Response, most: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of response.body === null ? [] : chunks(response.body, "the answer")) {
    length += part.length;
    if (length > most) return undefined;
    parts.push(part);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A body's chunks. Whoever stops reading early ends the transfer. */
async function* chunks(body: ReadableStream<Uint8Array>, what: string): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw network(`${what} broke off: ${reason(cause)}`, cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {}); // it may have broken off already
  }
}

const reason = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
