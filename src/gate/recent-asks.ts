// Remembers which tags an account has asked for of late: a client asks for a tag first and for its digest a moment later.
import type { RepositoryPlace } from "../domain/ledger.js";
import type { Requester } from "../domain/requester.js";
import type { EpochSeconds } from "../domain/time.js";

/** Layers of many gigabytes lie between a manifest and the next one. */
const KEPT_SECONDS = 3600;
const TAGS_MAX = 8;
const PLACES_MAX = 20_000;

/** What an account has asked for in a repository. */
interface Trail {
  /** Tag → when; the newest last. */
  readonly tags: Map<string, EpochSeconds>;
  /** Null: forgotten, to make room. */
  newest: string | null;
}

interface Ask {
  readonly service: string;
  readonly repository: string;
  readonly tag: string;
  readonly at: EpochSeconds;
  readonly trail: Trail;
}

export class RecentAsks {
  /** What each requester asked for last: nodes of a cluster ask for the same, many times a second. */
  readonly #latest = new WeakMap<Requester, Ask>();
  /** The newest last. */
  #asks = new Map<string, Trail>();

  /** A tag that the requester may read was asked for. */
  note(requester: Requester, place: RepositoryPlace, tag: string, now: EpochSeconds): void {
    if (this.#isLatest(requester, place, tag, now)) return;
    const { service, repository } = place;
    const key = keyOf(requester, place);
    const trail = this.#asks.get(key) ?? { tags: new Map<string, EpochSeconds>(), newest: tag };
    const { tags } = trail;
    trail.newest = tag;
    tags.delete(tag);
    tags.set(tag, now);
    const oldest = tags.size > TAGS_MAX ? tags.keys().next().value : undefined;
    if (oldest !== undefined) tags.delete(oldest);
    this.#latest.set(requester, { service, repository, tag, at: now, trail });
    this.#asks.delete(key);
    this.#asks.set(key, trail);
    if (this.#asks.size > PLACES_MAX) this.#forgetFirst();
  }

  #forgetFirst(): void {
    const [first] = this.#asks;
    if (first === undefined) return;
    const [key, trail] = first;
    trail.newest = null;
    this.#asks.delete(key);
  }

  /** By another credential the account may have asked for other tags meanwhile: it must be the newest of the trail still. */
  #isLatest(requester: Requester, place: RepositoryPlace, tag: string, now: EpochSeconds): boolean {
    const latest = this.#latest.get(requester);
    return (
      latest?.at === now &&
      latest.tag === tag &&
      latest.trail.newest === tag &&
      latest.repository === place.repository &&
      latest.service === place.service
    );
  }

  /** The newest first. */
  find(requester: Requester, place: RepositoryPlace, now: EpochSeconds): readonly string[] {
    const trail = this.#asks.get(keyOf(requester, place));
    if (trail === undefined) return [];
    return [...trail.tags]
      .filter(([, at]) => now - at < KEPT_SECONDS)
      .map(([tag]) => tag)
      .reverse();
  }
}

function keyOf(requester: Requester, { service, repository }: RepositoryPlace): string {
  const id = requester.kind === "account" ? requester.id : 0;
  return `${id}\n${service}\n${repository}`;
}
