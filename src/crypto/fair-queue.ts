// A bounded queue of expensive work, fair between sources: a flood from one address delays that address.

interface Waiting {
  /** True: its turn has come; false: it is turned away. */
  readonly end: (isStarting: boolean) => void;
}

export class FairQueue {
  readonly #concurrency: number;
  readonly #limit: number;
  /** Sources in turn, each with its own line. */
  readonly #lines = new Map<string, Waiting[]>();
  #running = 0;
  #waiting = 0;

  /** At most `concurrency` jobs run at once and at most `limit` wait. */
  constructor(concurrency: number, limit: number) {
    this.#concurrency = concurrency;
    this.#limit = limit;
  }

  /** Jobs that wait now. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Runs the job when it is its source's turn; null when it was not run at all: the queue is full, or its place was given
   * to a source that waits with fewer.
   */
  async run<T>(source: string, job: () => Promise<T>): Promise<T | null> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting >= this.#limit && !this.#makeRoom(source)) return null;
      if (!(await this.#wait(source))) return null;
    } else {
      this.#running += 1;
    }
    try {
      return await job();
    } finally {
      this.#next();
    }
  }

  #wait(source: string): Promise<boolean> {
    this.#waiting += 1;
    return new Promise((end) => {
      const line = this.#lines.get(source);
      if (line === undefined) this.#lines.set(source, [{ end }]);
      else line.push({ end });
    });
  }

  /**
   * Turns away the newest of the longest line, where the newcomer's line stays the shorter one with it: a flood from one
   * source does not keep others out (THREATS J02), and equals don't push each other out in turn.
   */
  #makeRoom(source: string): boolean {
    let longest: readonly [string, Waiting[]] | null = null;
    for (const entry of this.#lines) {
      if (longest === null || entry[1].length > longest[1].length) longest = entry;
    }
    if (longest === null) return false;
    const [name, line] = longest;
    if ((this.#lines.get(source)?.length ?? 0) + 1 >= line.length) return false;
    const newest = line.pop();
    if (line.length === 0) this.#lines.delete(name);
    this.#waiting -= 1;
    newest?.end(false);
    return true;
  }

  /** Hands the place to the source that has waited longest for a turn, which then goes to the end. */
  #next(): void {
    const [first] = this.#lines;
    if (first === undefined) {
      this.#running -= 1;
      return;
    }
    const [source, line] = first;
    this.#lines.delete(source);
    const job = line.shift();
    if (line.length > 0) this.#lines.set(source, line);
    this.#waiting -= 1;
    job?.end(true);
  }
}
