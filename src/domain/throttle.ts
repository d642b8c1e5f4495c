// Guessing made useless: what is remembered of wrong passwords, and when an account or a network must wait. Pure.
import type { EpochSeconds } from "./time.js";

/** Whole seconds of a clock that never jumps and that all processes of one machine share; not a date (THREATS D05). */
export type SteadySeconds = number;

/** The steady clock as an argument. */
export interface SteadyClock {
  now(): SteadySeconds;
}

/** One wrong password. Repeated, it is one failure: a stale CI password locks nobody out. */
export interface Failure {
  /** Tells wrong passwords apart without saying what they were: so few bits that nothing can be found out from them. */
  readonly mark: number;
  /** Tells networks apart (an address, or the /64 of an IPv6 one). */
  readonly network: number;
  /** When it was first seen. */
  readonly at: SteadySeconds;
}

/** What is remembered of one account, one unknown name or one network. */
export interface Attempts {
  /** The oldest first; no two with the same mark and network. */
  readonly failures: readonly Failure[];
  /** No password is looked at until then; 0: no lock. */
  readonly lockedUntil: SteadySeconds;
  /** The length of the last lock: the next one is twice as long. */
  readonly lockSeconds: number;
  /** So many failures that only networks with an earlier success may try, until somebody unlocks. */
  readonly isShut: boolean;
}

export const NO_ATTEMPTS: Attempts = {
  failures: [],
  lockedUntil: 0,
  lockSeconds: 0,
  isShut: false,
};

export interface ThrottleLimits {
  /** Distinct failures within the window that bring a lock. */
  readonly failures: number;
  readonly windowSeconds: number;
  readonly lockSeconds: number;
  readonly lockMaxSeconds: number;
  /** Distinct failures on record that shut it; null: never. */
  readonly failuresMax: number | null;
}

/** `throttle.*`. */
export interface ThrottleSettings {
  readonly account: ThrottleLimits;
  readonly network: ThrottleLimits;
}

const SECONDS_PER_DAY = 86_400;
/** Failures of accounts and names are forgotten after so long: until then a repeated password is no new failure. */
export const REMEMBERED_SECONDS = 30 * SECONDS_PER_DAY;
/** Networks that an account has signed in from: so many, and so long after the last time. */
export const KNOWN_NETWORKS_MAX = 64;
export const KNOWN_SECONDS = 90 * SECONDS_PER_DAY;
/** Room for the same wrong password from further networks, and for failures of known networks while it is shut. */
const SPARE_FAILURES = 64;

/** What counts failures for life is remembered for 30 days, everything else for its window. */
function rememberedSeconds(limits: ThrottleLimits): number {
  return limits.failuresMax === null ? limits.windowSeconds : REMEMBERED_SECONDS;
}

/**
 * Answers what is remembered after one more wrong password; the same object where it was known already (same mark, same
 * network), however often it comes. The same password from another network is remembered, but is no further distinct
 * failure. A lock begins with the failure that reaches `limits.failures` within the window: that request is still answered
 * as wrong, the next one waits. While a lock runs no other begins; one that begins before the last is over for a whole
 * window is twice as long as that. Values from later than `now` come from before a restart of the clock and are dropped.
 */
export function noteFailure(
  attempts: Attempts,
  failure: Pick<Failure, "mark" | "network">,
  now: SteadySeconds,
  limits: ThrottleLimits,
): Attempts {
  const { mark, network } = failure;
  const earliest = now - rememberedSeconds(limits);
  const remembered = attempts.failures.filter(({ at }) => at <= now && at > earliest);
  if (remembered.some((known) => known.mark === mark && known.network === network)) return attempts;
  const failures = bound([...remembered, { mark, network, at: now }], limits);
  const isDistinct = !remembered.some((known) => known.mark === mark);
  const isShut = attempts.isShut || countDistinct(failures) >= (limits.failuresMax ?? Infinity);
  const noted = { ...attempts, failures, isShut };
  const isDue = isDistinct && countDistinctSince(failures, now, limits) >= limits.failures;
  return isDue && !isLocked(attempts, now, limits) ? lock(noted, now, limits) : noted;
}

function lock(attempts: Attempts, now: SteadySeconds, limits: ThrottleLimits): Attempts {
  const { lockedUntil } = attempts;
  const isRecent = lockedUntil <= now && lockedUntil > now - limits.windowSeconds;
  const wanted = isRecent ? attempts.lockSeconds * 2 : limits.lockSeconds;
  const lockSeconds = Math.min(Math.max(wanted, limits.lockSeconds), limits.lockMaxSeconds);
  return { ...attempts, lockSeconds, lockedUntil: now + lockSeconds };
}

/** A lock that would last longer than any is one from before a restart of the clock. */
function isLocked({ lockedUntil }: Attempts, now: SteadySeconds, limits: ThrottleLimits): boolean {
  return lockedUntil > now && lockedUntil <= now + limits.lockMaxSeconds;
}

/** Seconds until the next password is looked at, 0: now. Where it is shut nobody knows: the longest lock is named. */
export function lockRemaining(
  attempts: Attempts,
  now: SteadySeconds,
  limits: ThrottleLimits,
): number {
  if (attempts.isShut) return limits.lockMaxSeconds;
  return isLocked(attempts, now, limits) ? attempts.lockedUntil - now : 0;
}

/** Distinct wrong passwords that this network itself tried within the window. */
export function countOwn(
  { failures }: Attempts,
  network: number,
  now: SteadySeconds,
  limits: ThrottleLimits,
): number {
  return countDistinctSince(
    failures.filter((failure) => failure.network === network),
    now,
    limits,
  );
}

function countDistinct(failures: readonly Failure[]): number {
  return new Set(failures.map(({ mark }) => mark)).size;
}

/** Each password counts at the time when it was first seen, from wherever. */
function countDistinctSince(
  failures: readonly Failure[],
  now: SteadySeconds,
  { windowSeconds }: ThrottleLimits,
): number {
  return findFirst(failures).filter(({ at }) => at <= now && at > now - windowSeconds).length;
}

/** The first failure of each mark. */
function findFirst(failures: readonly Failure[]): readonly Failure[] {
  const seen = new Set<number>();
  return failures.filter(({ mark }) => {
    const isFirst = !seen.has(mark);
    seen.add(mark);
    return isFirst;
  });
}

/**
 * The list never grows beyond its limits. What goes first is the same password from a further network, or a guesser with
 * many networks could push out what counts; then the oldest.
 */
function bound(failures: readonly Failure[], limits: ThrottleLimits): readonly Failure[] {
  const most = Math.max(limits.failures, limits.failuresMax ?? 0) + SPARE_FAILURES;
  if (failures.length <= most) return failures;
  const first = new Set(findFirst(failures));
  const dropped = failures.find((failure) => !first.has(failure)) ?? failures[0];
  return failures.filter((failure) => failure !== dropped);
}

/** Whose password was guessed at. */
export type GuessTarget =
  /** The account's unlocks are part of it, so that `user unlock` ends the lock in the transaction of its own record. */
  | { readonly kind: "account"; readonly id: number; readonly unlockMark: number }
  /** Nobody's name, but it could be one: limited as an account is, or the difference would tell (THREATS B12). */
  | { readonly kind: "name"; readonly name: string }
  /** Can be nobody's name. */
  | { readonly kind: "none" };

/** Everything that admission looks at, read in one go. */
export interface GuessRecord {
  /** Of the account or name; NO_ATTEMPTS for what can be no name. */
  readonly account: Attempts;
  readonly network: Attempts;
  /** Tells the failures of the network that asks from those of others. */
  readonly networkNumber: number;
  /** Whether the account has signed in from this network before. */
  readonly isKnown: boolean;
}

export interface Guess {
  readonly target: GuessTarget;
  /** The network as text: an address or a /64. */
  readonly source: string;
  /** Folded where it could be one, otherwise as typed. */
  readonly name: string;
  readonly password: string;
}

/**
 * What is remembered of guesses, shared by all processes on the store. Losing it loses no account; none of the methods
 * fails for a fault of the disk. Neither passwords nor names that nobody has are kept in clear.
 */
export interface ThrottleStore {
  /** The same reads whatever the target is. `today` is for known networks, which are counted in days. */
  look(target: GuessTarget, source: string, today: EpochSeconds): Promise<GuessRecord>;
  /** Notes a wrong password for target and network, both or neither. */
  noteFailure(guess: Guess, now: SteadySeconds): Promise<void>;
  /** Notes that the account signed in from there; the oldest beyond KNOWN_NETWORKS_MAX is forgotten. */
  noteKnown(accountId: number, source: string, today: EpochSeconds): Promise<void>;
}

/** An account whose passwords are looked at only from networks that it signed in from. */
export interface GuessLock {
  /** Until somebody unlocks it; otherwise for `seconds`. */
  readonly isShut: boolean;
  readonly seconds: number;
}

export interface ThrottleLock {
  readonly on: "account" | "network";
  readonly seconds: number;
}

/**
 * Null: a password of the account may be looked at. Locked, it still may from a network that the account signed in from and
 * that has not used up its own failures (DESIGN §4 "Guessing").
 */
export function findAccountLock(
  { account, networkNumber, isKnown }: GuessRecord,
  now: SteadySeconds,
  { account: limits }: ThrottleSettings,
): ThrottleLock | null {
  const seconds = lockRemaining(account, now, limits);
  if (seconds === 0) return null;
  if (isKnown && countOwn(account, networkNumber, now, limits) < limits.failures) return null;
  return { on: "account", seconds };
}

/** Null: a password may be looked at from this network; for an account that signed in from it before it always may. */
export function findNetworkLock(
  { network, isKnown }: GuessRecord,
  now: SteadySeconds,
  { network: limits }: ThrottleSettings,
): ThrottleLock | null {
  const seconds = isKnown ? 0 : lockRemaining(network, now, limits);
  return seconds === 0 ? null : { on: "network", seconds };
}
