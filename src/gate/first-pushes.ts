// Which immutable tags are being pushed for the first time: two pushes at once must not both be the first.
import type { RepositoryPlace } from "../domain/ledger.js";

/** A manifest is small: by then it is there, or its push has failed. */
const UNDER_WAY_MILLISECONDS = 10_000;
const PUSHES_MAX = 10_000;

export class FirstPushes {
  readonly #begun = new Map<string, number>();

  /** False, and nothing noted: another one has begun. `now`: milliseconds of a clock that never goes back. */
  begin({ service, repository }: RepositoryPlace, tag: string, now: number): boolean {
    const key = `${service}\n${repository}\n${tag}`;
    const last = this.#begun.get(key);
    if (last !== undefined && now - last < UNDER_WAY_MILLISECONDS) return false;
    this.#begun.delete(key);
    this.#begun.set(key, now);
    const first = this.#begun.size > PUSHES_MAX ? this.#begun.keys().next().value : undefined;
    if (first !== undefined) this.#begun.delete(first);
    return true;
  }
}
