// One run of a task for all who want its outcome at the same time.

/**
 * How long one waits for another's run, in milliseconds. A Worker's request may end, and take along what it had begun,
 * without any word to those who wait for it: after this time they run the task themselves.
 */
const PATIENCE = 10_000;

/** Runs tasks by key, each once at a time. */
export class Flights<V> {
  readonly #running = new Map<string, Promise<V>>();

  /** The outcome of the task that runs under `key`, or of `task`, which runs then. */
  async join(key: string, task: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key);
    if (running !== undefined) {
      const outcome = await Promise.race([running.then((value) => ({ value })), elapsed(PATIENCE)]);
      if (outcome !== undefined) return outcome.value;
    }
    const own = task();
    this.#running.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#running.get(key) === own) this.#running.delete(key);
    }
  }
}

const elapsed = (milliseconds: number): Promise<undefined> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds, undefined));
