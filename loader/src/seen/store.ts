// Where what was seen is kept, so that no log and no package goes back (SPEC §10.3).

import type { SeenDocument } from "@cidery/verifier";

/**
 * Keeps what was seen. The loader reads it at each refresh, judges by it, and gives nothing out before what it has seen since is
 * written.
 */
export interface SeenStore {
  /** What was written last; nothing, where nothing was. */
  read(): Promise<SeenDocument | undefined>;
  /**
   * Writes `next`, which was judged by `before`, as {@link read} gave it: in one step with the comparison. False where somebody else
   * has written in between what this was not judged by; it is read and judged again then.
   */
  write(next: SeenDocument, before: SeenDocument | undefined): Promise<boolean>;
}

/** Remembers for as long as the isolate runs. */
export function memorySeen(): SeenStore {
  let known: SeenDocument | undefined;
  return {
    read: async () => known,
    write: async (next, before) => {
      const advanced = advance(known, next, before);
      if (advanced === undefined) return false;
      known = advanced;
      return true;
    },
  };
}

/** What is known of a log. */
export type SeenLog = SeenDocument["logs"][string];

/**
 * The comparison and the step: what is stored after `next`, which was judged by `before`. Nothing where that was not the tree or the
 * package that is stored, or where `next` goes back; what others have written about other packages stays.
 */
export function advance(stored: SeenDocument | undefined, next: SeenDocument, before: SeenDocument | undefined): SeenDocument | undefined {
  const logs = new Map(Object.entries(stored?.logs ?? {}));
  for (const [origin, log] of Object.entries(next.logs)) {
    const judgedBy = of(before?.logs, origin);
    if (isSame(log, judgedBy)) continue;
    const advanced = advanceLog(logs.get(origin), log, judgedBy);
    if (advanced === undefined) return undefined;
    logs.set(origin, advanced);
  }
  return { format: next.format, logs: Object.fromEntries(logs) };
}

function advanceLog(stored: SeenLog | undefined, next: SeenLog, before: SeenLog | undefined): SeenLog | undefined {
  const isJudgedBy = isSameTree(stored, before) && (stored === undefined || next.size > stored.size);
  if (!isJudgedBy && !isSameTree(stored, next)) return undefined;
  const packages = new Map(Object.entries(stored?.packages ?? {}));
  for (const [name, sequence] of Object.entries(next.packages)) {
    const [is, was] = [packages.get(name), of(before?.packages, name)];
    if (sequence === was || sequence === is) continue;
    if (is !== was || (is !== undefined && sequence < is)) return undefined;
    packages.set(name, sequence);
  }
  return { size: next.size, root: next.root, packages: Object.fromEntries(packages) };
}

/** Whether two say the same of a log. */
function isSame(one: SeenLog, other: SeenLog | undefined): boolean {
  if (other === undefined || !isSameTree(one, other)) return false;
  const [packages, others] = [Object.entries(one.packages), Object.entries(other.packages)];
  return packages.length === others.length && packages.every(([name, sequence]) => of(other.packages, name) === sequence);
}

const isSameTree = (one: SeenLog | undefined, other: SeenLog | undefined): boolean =>
  one?.size === other?.size && one?.root === other?.root;

/** An own entry: a log may be called `constructor`. */
export function of<V>(record: Record<string, V> | undefined, name: string): V | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
