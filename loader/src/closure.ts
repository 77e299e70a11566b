// Packages that link others (SPEC §5.7): what one load consists of, and how its modules are named in the isolate.

import type { Manifest, Verdict } from "@cidery/verifier";

import { CideryError } from "./errors.ts";
import type { Modules } from "./modules.ts";

/** Packages of a closure beside the one that was asked for, and modules and their bytes of all of them (SPEC §12). */
const PACKAGES = 64;
const MODULES = 1_000;
const BYTES = 64 << 20;

/** The verdict on a release, and those on what it links, and what these link. */
export type Closure = readonly [Verdict, ...Verdict[]];

/** A release that a package links. */
export type Link = Manifest["imports"][number];

/** Judges all that a release links, one after another: each by a head that is not older than those before it. */
export async function closureOf(verdict: Verdict, judge: (link: Link) => Promise<Verdict>): Promise<Closure> {
  const closure: [Verdict, ...Verdict[]] = [verdict];
  const known = new Set([verdict.manifest.cid]);
  // The list grows while it is walked.
  for (const importer of closure) {
    for (const link of importer.manifest.imports) {
      if (known.has(link.manifest)) continue;
      known.add(link.manifest);
      bounded("packages that are linked", known.size - 1, PACKAGES);
      closure.push(await judge(link).catch((error: unknown) => refuse(error, link, importer)));
    }
  }
  const modules = closure.flatMap(({ manifest }) => manifest.modules);
  bounded("modules, with those that are linked", modules.length, MODULES);
  bounded(
    "bytes of modules, with those that are linked",
    modules.reduce((sum, { size }) => sum + size, 0),
    BYTES,
  );
  return closure;
}

/** Until when all of it holds, in seconds since 1970. */
export const validUntil = (closure: Closure): number => Math.min(...closure.map((verdict) => verdict.validUntil));

/** Until when a client that reaches no registry may go on with all of it, in seconds since 1970. */
export const graceUntil = (closure: Closure): number => Math.min(...closure.map((verdict) => verdict.graceUntil));

/** Whether a defect of the verifier has taken one of the verdicts. */
export const isLost = (closure: Closure): boolean => closure.some((verdict) => verdict.isLost);

/** The name that the module with which the isolate starts has there. */
export function mainOf([{ manifest }]: Closure): string {
  return manifest.imports.length === 0 ? manifest.main : `${manifest.cid}/${manifest.main}`;
}

/** All modules by their names in the isolate; `codes` are in the order of the closure. */
export function composed(closure: Closure, codes: readonly Modules[]): Modules {
  if (closure[0].manifest.imports.length === 0) return { ...codes[0] };
  const named = closure.flatMap(({ manifest }, at) =>
    Object.entries(codes[at] ?? {}).map(([path, module]) => [`${manifest.cid}/${path}`, module] as const),
  );
  return Object.fromEntries(named);
}

function bounded(what: string, got: number, limit: number): void {
  if (got > limit) throw new CideryError("limit.exceeded", `${got} ${what}, at most ${limit} allowed`);
}

/** The same refusal, and whose it is. */
function refuse(error: unknown, { name, version }: Link, importer: Verdict): never {
  if (!(error instanceof CideryError)) throw error;
  const message = `${name} ${version}, which ${importer.package} ${importer.version} links: ${error.message}`;
  throw new CideryError(error.code, message, { cause: error, ...(error.hint !== undefined && { hint: error.hint }) });
}
