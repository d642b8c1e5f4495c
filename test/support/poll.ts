// Waits for something that another process does.
import { setTimeout as pause } from "node:timers/promises";

/**
 * Asks every 50 ms until `isTrue` answers true.
 * @throws after `limitMilliseconds`, naming what was waited for.
 */
export async function waitUntil(
  what: string,
  isTrue: () => Promise<boolean>,
  limitMilliseconds = 15_000,
): Promise<void> {
  const deadline = Date.now() + limitMilliseconds;
  while (Date.now() < deadline) {
    if (await isTrue()) return;
    await pause(50);
  }
  throw new Error(`Waited in vain for: ${what}`);
}
