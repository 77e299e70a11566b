// What was seen, in a Durable Object: one truth for all isolates of a loader, wherever they run.

import { DurableObject } from "cloudflare:workers";

import type { SeenDocument } from "@cidery/verifier";

import { type SeenLog, type SeenStore, advance, of } from "./store.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS logs (origin TEXT PRIMARY KEY, size INTEGER NOT NULL, root TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS packages (
    origin TEXT NOT NULL, package TEXT NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (origin, package)
  ) STRICT, WITHOUT ROWID;
`;

/**
 * Keeps the highest that was seen, in its SQLite storage. It never goes back, whoever asks. Comparing and writing are one turn of the
 * object.
 *
 * The main module of the loader's Worker exports this class, and its configuration binds a namespace to it.
 */
export class SeenObject extends DurableObject {
  readonly #sql: SqlStorage;
  #known: SeenDocument;

  constructor(ctx: DurableObjectState, env: unknown) {
    super(ctx, env as Cloudflare.Env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(SCHEMA);
    this.#known = this.#stored();
  }

  read(): SeenDocument {
    return this.#known;
  }

  write(next: SeenDocument, before: SeenDocument | undefined): boolean {
    const advanced = advance(this.#known, next, before);
    if (advanced === undefined) return false;
    this.ctx.storage.transactionSync(() => {
      for (const [origin, log] of Object.entries(advanced.logs)) this.#store(origin, log);
    });
    this.#known = advanced;
    return true;
  }

  /** Writes what is new of a log. */
  #store(origin: string, { size, root, packages }: SeenLog): void {
    const known = of(this.#known.logs, origin);
    if (known?.size !== size) this.#sql.exec("INSERT OR REPLACE INTO logs VALUES (?, ?, ?)", origin, size, root);
    for (const [name, sequence] of Object.entries(packages)) {
      if (of(known?.packages, name) === sequence) continue;
      this.#sql.exec("INSERT OR REPLACE INTO packages VALUES (?, ?, ?)", origin, name, sequence);
    }
  }

  #stored(): SeenDocument {
    const logs = this.#sql.exec<{ origin: string; size: number; root: string }>("SELECT origin, size, root FROM logs");
    const packagesOf = (origin: string): [string, number][] =>
      this.#sql
        .exec<{ package: string; sequence: number }>("SELECT package, sequence FROM packages WHERE origin = ?", origin)
        .toArray()
        .map((row) => [row.package, row.sequence]);
    const seen = logs.toArray().map(({ origin, size, root }): [string, SeenLog] => {
      return [origin, { size, root, packages: Object.fromEntries(packagesOf(origin)) }];
    });
    return { format: "cidery-seen-v1", logs: Object.fromEntries(seen) };
  }
}

/** Remembers in the {@link SeenObject} of a name. Loaders with the same logs in their policies may share one. */
export function durableObjectSeen(namespace: DurableObjectNamespace<SeenObject>, name = "seen"): SeenStore {
  return {
    read: () => namespace.getByName(name).read(),
    write: (next, before) => namespace.getByName(name).write(next, before),
  };
}
