// Passwords that were right or wrong a moment ago, by their digest, and hashes that are under way: one slow hash for all who wait.
import type { SteadySeconds } from "../domain/throttle.js";

/** How long a password that was looked at needs no further hash. */
export const RECENT_SECONDS = 300;
const RECENT_MAX = 10_000;

/** Keys are digests that stand for holder, version of the credential and password (PasswordDigest). */
export class RecentPasswords {
  /** The one used longest ago first. */
  readonly #endings = new Map<string, SteadySeconds>();

  /** True within RECENT_SECONDS of `add`; a repeat does not make it longer. */
  has(digest: string, now: SteadySeconds): boolean {
    const end = this.#endings.get(digest);
    if (end === undefined) return false;
    this.#endings.delete(digest);
    if (now >= end) return false;
    this.#endings.set(digest, end);
    return true;
  }

  /** At most 10,000 are kept; the one used longest ago makes room. */
  add(digest: string, now: SteadySeconds): void {
    this.#endings.delete(digest);
    this.#endings.set(digest, now + RECENT_SECONDS);
    if (this.#endings.size <= RECENT_MAX) return;
    const [oldest] = this.#endings.keys();
    if (oldest !== undefined) this.#endings.delete(oldest);
  }
}

/** Work under way that others may wait for instead of doing it again. */
export class SharedFlights<T> {
  readonly #flights = new Map<string, Promise<T>>();

  /**
   * Answers what `act` answers, or what another's equal act answers that is under way (`isOwn` false). Throws what it
   * throws. Nothing is kept of acts that have ended.
   */
  async join(
    key: string,
    act: () => Promise<T>,
  ): Promise<{ readonly isOwn: boolean; readonly value: T }> {
    const flight = this.#flights.get(key);
    if (flight !== undefined) return { isOwn: false, value: await flight };
    const own = act().finally(() => this.#flights.delete(key));
    this.#flights.set(key, own);
    return { isOwn: true, value: await own };
  }
}
