// Remembers which tags an account has asked for of late: a client asks for a tag first and for its digest a moment later.
import type { RepositoryPlace } from "../domain/ledger.js";
import type { Requester } from "../domain/requester.js";
import type { EpochSeconds } from "../domain/time.js";

/** Layers of many gigabytes lie between a manifest and the next one. */
const KEPT_SECONDS = 3600;
const TAGS_MAX = 8;
const PLACES_MAX = 20_000;

interface Ask {
  readonly service: string;
  readonly repository: string;
  readonly tag: string;
  readonly at: EpochSeconds;
}

export class RecentAsks {
  /** What each requester asked for last: nodes of a cluster ask for the same, many times a second. */
  readonly #latest = new WeakMap<Requester, Ask>();
  /** Tag → when; the newest last, in each of the two maps. */
  #asks = new Map<string, Map<string, EpochSeconds>>();

  /** A tag that the requester may read was asked for. */
  note(requester: Requester, place: RepositoryPlace, tag: string, now: EpochSeconds): void {
    if (this.#isLatest(requester, place, tag, now)) return;
    const { service, repository } = place;
    this.#latest.set(requester, { service, repository, tag, at: now });
    const key = keyOf(requester, place);
    const tags = this.#asks.get(key) ?? new Map<string, EpochSeconds>();
    tags.delete(tag);
    tags.set(tag, now);
    const oldest = tags.size > TAGS_MAX ? tags.keys().next().value : undefined;
    if (oldest !== undefined) tags.delete(oldest);
    this.#asks.delete(key);
    this.#asks.set(key, tags);
    const first = this.#asks.size > PLACES_MAX ? this.#asks.keys().next().value : undefined;
    if (first !== undefined) this.#asks.delete(first);
  }

  #isLatest(requester: Requester, place: RepositoryPlace, tag: string, now: EpochSeconds): boolean {
    const latest = this.#latest.get(requester);
    return (
      latest?.at === now &&
      latest.tag === tag &&
      latest.repository === place.repository &&
      latest.service === place.service
    );
  }

  /** The newest first. */
  find(requester: Requester, place: RepositoryPlace, now: EpochSeconds): readonly string[] {
    const tags = this.#asks.get(keyOf(requester, place));
    if (tags === undefined) return [];
    return [...tags]
      .filter(([, at]) => now - at < KEPT_SECONDS)
      .map(([tag]) => tag)
      .reverse();
  }
}

function keyOf(requester: Requester, { service, repository }: RepositoryPlace): string {
  const id = requester.kind === "account" ? requester.id : 0;
  return `${id}\n${service}\n${repository}`;
}
