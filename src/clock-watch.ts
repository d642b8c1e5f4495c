// Notices that somebody set the system's clock while we serve (THREATS D05); decides nothing.
import { performance } from "node:perf_hooks";

const LOOK_MILLISECONDS = 1000;
/** Less than this is ordinary correction by a time service. */
const JUMP_SECONDS = 2;

/**
 * Calls `onJump` with the whole seconds (negative: backwards) by which the clock moved against time that passed.
 * @returns stops watching
 */
export function watchClock(onJump: (seconds: number) => void): () => void {
  let offset = Date.now() - performance.now();
  const timer = setInterval(() => {
    const now = Date.now() - performance.now();
    const seconds = Math.round((now - offset) / 1000);
    if (Math.abs(seconds) < JUMP_SECONDS) return;
    offset = now;
    onJump(seconds);
  }, LOOK_MILLISECONDS);
  timer.unref();
  return () => {
    clearInterval(timer);
  };
}
