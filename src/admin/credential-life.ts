// How long a personal token or a robot's secret may live: always bounded, so that a forgotten one ends by itself.
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import { usage, type Refusal } from "./refusal.js";

const SECONDS_PER_DAY = 86_400;
const DEFAULT_DAYS = 90;
const MAX_DAYS = 365;

/** The end of a new credential: `undefined` was not said (90 days), null is `never`, which is refused. */
export function chooseEnd(
  wanted: EpochSeconds | null | undefined,
  now: EpochSeconds,
): Result<EpochSeconds, Refusal> {
  if (wanted === undefined) return ok(now + DEFAULT_DAYS * SECONDS_PER_DAY);
  if (wanted === null) {
    return usage(
      `a token or secret that never ends is not made; give an end within ${MAX_DAYS} days, and make another one in time`,
    );
  }
  if (wanted <= now) return usage("the end lies in the past; give one to come");
  if (wanted <= now + MAX_DAYS * SECONDS_PER_DAY) return ok(wanted);
  return usage(
    `a token or secret lives for ${MAX_DAYS} days at most; give an end within them (${MAX_DAYS}d), and make another one in time`,
  );
}
