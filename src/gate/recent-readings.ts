// When each repository was read for the gate: made-up digests must not keep a registry busy with being read.
import type { RepositoryPlace } from "../domain/ledger.js";

/** What stays unknown after a reading is not looked for again so soon. */
const PAUSE_MILLISECONDS = 10_000;
const PLACES_MAX = 10_000;

export class RecentReadings {
  readonly #readings = new Map<string, number>();

  /** True, and noted, where the repository was not read of late. `now`: milliseconds of a clock that never goes back. */
  mayRead({ service, repository }: RepositoryPlace, now: number): boolean {
    const key = `${service}\n${repository}`;
    const last = this.#readings.get(key);
    if (last !== undefined && now - last < PAUSE_MILLISECONDS) return false;
    this.#readings.delete(key);
    this.#readings.set(key, now);
    const first = this.#readings.size > PLACES_MAX ? this.#readings.keys().next().value : undefined;
    if (first !== undefined) this.#readings.delete(first);
    return true;
  }
}
