// A bounded queue of expensive work, fair between sources: a flood from one address delays that address.

interface Waiting {
  readonly source: string;
  readonly start: () => void;
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

  /** Runs the job when it is its source's turn; null when the queue is full and the job was not taken. */
  async run<T>(source: string, job: () => Promise<T>): Promise<T | null> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting >= this.#limit) return null;
      await this.#wait(source);
    } else {
      this.#running += 1;
    }
    try {
      return await job();
    } finally {
      this.#next();
    }
  }

  #wait(source: string): Promise<void> {
    this.#waiting += 1;
    return new Promise((start) => {
      const line = this.#lines.get(source);
      if (line === undefined) this.#lines.set(source, [{ source, start }]);
      else line.push({ source, start });
    });
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
    job?.start();
  }
}
