// A bounded queue of expensive work, fair between sources: a flood from one address delays that address, and a flood from
// very many does not keep those out who are known.
import { setImmediate as giveWay } from "node:timers/promises";

interface Waiting {
  /** True: its turn has come; false: it is turned away. */
  readonly end: (isStarting: boolean) => void;
}

/** Sources in turn, each with its own line. */
type Lines = Map<string, Waiting[]>;

export interface QueuePlace {
  readonly source: string;
  /** Has been here before: while others wait too it gets every second turn, and a full queue makes room for it. */
  readonly isKnown: boolean;
}

export class FairQueue {
  readonly #concurrency: number;
  readonly #limit: number;
  readonly #known: Lines = new Map();
  readonly #others: Lines = new Map();
  #running = 0;
  #waiting = 0;
  #wasKnown = false;

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
   * to a source that waits with fewer or is known.
   */
  async run<T>(place: QueuePlace, job: () => Promise<T>): Promise<T | null> {
    if (this.#running >= this.#concurrency) {
      if (this.#waiting >= this.#limit && !this.#makeRoom(place)) return null;
      if (!(await this.#wait(place))) return null;
    } else {
      this.#running += 1;
    }
    try {
      return await job();
    } finally {
      // Who waits begins before who is done goes on: the processor that has become free stands still until then.
      if (this.#next()) await giveWay();
    }
  }

  #linesOf({ isKnown }: QueuePlace): Lines {
    return isKnown ? this.#known : this.#others;
  }

  #wait(place: QueuePlace): Promise<boolean> {
    const lines = this.#linesOf(place);
    this.#waiting += 1;
    return new Promise((end) => {
      const line = lines.get(place.source);
      if (line === undefined) lines.set(place.source, [{ end }]);
      else line.push({ end });
    });
  }

  /** Whom a newcomer may push out: whoever is known pushes out anybody else first, then as equals do. */
  #makeRoom(place: QueuePlace): boolean {
    if (place.isKnown && turnAway(this.#others, 0)) return this.#left();
    const lines = this.#linesOf(place);
    // With fewer than the longest line even when it has joined: equals don't push each other out in turn (THREATS J02).
    const least = (lines.get(place.source)?.length ?? 0) + 1;
    return turnAway(lines, least) && this.#left();
  }

  #left(): true {
    this.#waiting -= 1;
    return true;
  }

  /** Hands the place to the source that has waited longest for a turn, which then goes to the end; false: nobody waits. */
  #next(): boolean {
    const isKnown = this.#known.size > 0 && (!this.#wasKnown || this.#others.size === 0);
    const lines = isKnown ? this.#known : this.#others;
    const [first] = lines;
    if (first === undefined) {
      this.#running -= 1;
      return false;
    }
    this.#wasKnown = isKnown;
    const [source, line] = first;
    lines.delete(source);
    const job = line.shift();
    if (line.length > 0) lines.set(source, line);
    this.#waiting -= 1;
    job?.end(true);
    return true;
  }
}

/** Turns away the newest of the longest line, where that is longer than `least`; answers whether somebody went. */
function turnAway(lines: Lines, least: number): boolean {
  let longest: readonly [string, Waiting[]] | null = null;
  for (const entry of lines) {
    if (longest === null || entry[1].length > longest[1].length) longest = entry;
  }
  if (longest === null) return false;
  const [name, line] = longest;
  if (line.length <= least) return false;
  const newest = line.pop();
  if (line.length === 0) lines.delete(name);
  newest?.end(false);
  return true;
}
