// Guessing made useless: what is remembered of wrong passwords, and when an account or a network must wait. Pure.

/** Seconds of a clock that never jumps and that all processes of one machine share; not a date. */
export type SteadySeconds = number;

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
