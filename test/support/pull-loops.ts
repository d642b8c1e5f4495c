// Clients that pull again and again, a new process each time, while a test changes what they pull from; counts what came of it.
import type { Outcome } from "./process.js";
import { waitUntil } from "./poll.js";

export interface Puller {
  readonly name: string;
  /** One whole pull, or push, by a fresh client process. */
  readonly pull: () => Promise<Outcome>;
}

export interface PhaseCount {
  readonly runs: number;
  readonly failed: number;
}

export interface PullLoops {
  /** A new chapter: pulls that begin from here on count for it. Answers how many are under way at this moment. */
  enter(phase: string): number;
  /** Waits until every puller has done this many pulls that began in the present phase. */
  waitForEach(pulls: number): Promise<void>;
  /** Waits until no pull that began before the present phase is under way. */
  waitForEarlier(): Promise<void>;
  /** By phase in the order of `enter`. */
  counts(): ReadonlyMap<string, PhaseCount>;
  /** What people would have read, each with puller and phase. */
  failures(): readonly string[];
  /** Lets every loop end its pull. */
  stop(): Promise<void>;
}

/** Starts one loop a puller; the first phase is `phase`. */
export function startPullLoops(pullers: readonly Puller[], phase: string): PullLoops {
  const counts = new Map<string, { runs: number; failed: number }>();
  const failures: string[] = [];
  const underWay = new Map<string, string>();
  const done = new Map<string, number>();
  let present = phase;
  let isStopped = false;
  const key = (name: string, of: string): string => `${of}\n${name}`;
  const enter = (next: string): number => {
    present = next;
    counts.set(next, { runs: 0, failed: 0 });
    return underWay.size;
  };
  enter(phase);
  const loops = pullers.map(async ({ name, pull }) => {
    while (!isStopped) {
      const began = present;
      underWay.set(name, began);
      const outcome = await pull();
      underWay.delete(name);
      const count = counts.get(began) ?? { runs: 0, failed: 0 };
      count.runs += 1;
      if (outcome.code !== 0) {
        count.failed += 1;
        failures.push(`${name}, ${began}: exit ${outcome.code}: ${outcome.text.trim()}`);
      }
      done.set(key(name, began), (done.get(key(name, began)) ?? 0) + 1);
    }
  });
  return {
    enter,
    waitForEach: (pulls) =>
      waitUntil(
        `${pulls} pulls of each, ${present}`,
        async () => pullers.every(({ name }) => (done.get(key(name, present)) ?? 0) >= pulls),
        60_000,
      ),
    waitForEarlier: () =>
      waitUntil("the pulls that began before to end", async () =>
        [...underWay.values()].every((began) => began === present),
      ),
    counts: () => counts,
    failures: () => failures,
    async stop() {
      isStopped = true;
      await Promise.all(loops);
    },
  };
}
