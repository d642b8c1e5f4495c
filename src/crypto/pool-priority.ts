// Slow hashes give way to the thread that answers: on Linux each thread has a priority of its own.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { promisify } from "node:util";

const TASKS = "/proc/self/task";
/** What libuv calls the threads of its pool, from 1.50 on (Node.js 24). */
const POOL_THREAD = "libuv-worker";
/** A tenth of the usual weight, where both want the same processor; all of it where nobody else wants it. */
const NICENESS = 10;

/**
 * Lowers the priority of the thread pool's threads, of the whole process and for good: for a server, not for a library. Answers how
 * many they are: 0 where they have no names to be known by. Never throws.
 */
export async function lowerPoolPriority(): Promise<number> {
  try {
    // The pool's threads begin with its first work, all of them.
    await randomBytesOnPool(1);
    const threads = readdirSync(TASKS).filter(isPoolThread);
    for (const thread of threads) setPriority(Number(thread), NICENESS);
    return threads.length;
  } catch {
    return 0; // not Linux, or not allowed: as quick as before
  }
}

/**
 * How many hashes run at once on `processors`, where so many threads of the pool give way: one more than processors, so that the one
 * whose hash is done has the next at once, not when the main thread comes to it. Not on a single one, where everybody's hash
 * would only take longer, and never so many that no thread is left for other work (RS256 signatures, files, names of hosts).
 */
export const countHashesAtOnce = (processors: number, threadsGivingWay: number): number =>
  processors > 1 && processors + 1 < threadsGivingWay ? processors + 1 : processors;

const randomBytesOnPool = promisify(randomBytes);

function isPoolThread(thread: string): boolean {
  return readFileSync(`${TASKS}/${thread}/comm`, "utf8").trim() === POOL_THREAD;
}
