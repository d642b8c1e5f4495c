// Does the clock fit what store and keys have already seen, and what the registry's clock says?
import { formatTime } from "../domain/time.js";
import { fault, warning, type Finding, type Mend } from "./finding.js";
import type { Site } from "./site.js";

const BEHIND_MAX_SECONDS = 300;
/** Registries allow a minute; their Date header has whole seconds, and the network takes its time. */
const SKEW_MAX_SECONDS = 55;
const SKEW_USUAL_SECONDS = 15;

export const SET_CLOCK: Mend = { kind: "run", command: "timedatectl set-ntp true" };

/** A clock in the past: tokens would have ended before they are issued, certificates not have begun. */
export function checkClock(site: Site): readonly Finding[] {
  const keyTime = site.keys.ring?.newestTime ?? 0;
  const newest = Math.max(site.store.newestTime ?? 0, keyTime);
  if (newest <= site.now + BEHIND_MAX_SECONDS) return [];
  const what = `the clock says ${formatTime(site.now)}, but store or keys were written at ${formatTime(newest)}: it is behind`;
  return [fault("clock.behind", what, SET_CLOCK)];
}

/** `skewSeconds`: the registry's clock minus ours; null: it doesn't tell. */
export function checkRegistryClock(skewSeconds: number | null): readonly Finding[] {
  if (skewSeconds === null || Math.abs(skewSeconds) < SKEW_USUAL_SECONDS) return [];
  const direction = skewSeconds > 0 ? "ahead of" : "behind";
  const what = `the registry's clock is ${Math.abs(skewSeconds)} seconds ${direction} this machine's; from 60 on it refuses tokens`;
  const where: Mend = { kind: "do", words: "on both machines:" };
  const isTooMuch = Math.abs(skewSeconds) >= SKEW_MAX_SECONDS;
  return [(isTooMuch ? fault : warning)("clock.registry", what, where, SET_CLOCK)];
}
