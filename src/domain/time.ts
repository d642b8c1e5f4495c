// Time as the domain sees it: whole seconds since 1970, always passed in, never read here.

/** Whole seconds since 1970-01-01T00:00:00Z, as JWT's NumericDate (RFC 7519 §2). */
export type EpochSeconds = number;

/** The wall clock as an argument. */
export interface Clock {
  now(): EpochSeconds;
}

/** RFC 3339 in UTC without fraction: `formatTime(0)` → `1970-01-01T00:00:00Z`. */
export function formatTime(time: EpochSeconds): string {
  if (time !== lastTime) lastText = `${new Date(time * 1000).toISOString().slice(0, -5)}Z`;
  lastTime = time;
  return lastText;
}

/** Thousands of answers a second tell the same one. */
let lastTime: EpochSeconds = 0;
let lastText = "1970-01-01T00:00:00Z";
