// Is Node's thread pool busy with slow hashes? One for the whole process, as the pool is.

let running = 0;

/** Runs slow work of the thread pool, counted as long as it takes; answers and throws what it does. */
export async function occupyPool<T>(work: () => Promise<T>): Promise<T> {
  running += 1;
  try {
    return await work();
  } finally {
    running -= 1;
  }
}

/** True while such work is under way: what else goes to the pool waits for a processor among its threads. */
export function isPoolOccupied(): boolean {
  return running > 0;
}
