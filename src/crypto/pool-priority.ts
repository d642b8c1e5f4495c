// Slow hashes give way to the thread that answers: on Linux each thread has a priority of its own.
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";

const TASKS = "/proc/self/task";
/** What libuv calls the threads of its pool, from 1.50 on (Node.js 24). */
const POOL_THREAD = "libuv-worker";
/** A tenth of the usual weight, where both want the same processor; all of it where nobody else wants it. */
const NICENESS = 10;

/**
 * Lowers the priority of the thread pool's threads, for good, and answers how many they are: 0 where they have no names to be
 * known by. To be called when the pool has done something, since its threads begin with that. Never throws.
 */
export function lowerPoolPriority(): number {
  try {
    const threads = readdirSync(TASKS).filter(isPoolThread);
    for (const thread of threads) setPriority(Number(thread), NICENESS);
    return threads.length;
  } catch {
    return 0; // not Linux, or not allowed: as quick as before
  }
}

function isPoolThread(thread: string): boolean {
  return readFileSync(`${TASKS}/${thread}/comm`, "utf8").trim() === POOL_THREAD;
}
