// What registries hold, beside the entries that say who gets it: a repository may have none.
import { formatImagePattern, literalPrefix, matchesRepository } from "../domain/image-pattern.js";
import type { HeldQuery, HeldRepository } from "../domain/ledger-listing.js";
import type { RegisteredImage } from "../domain/ports.js";
import type { AdminContext } from "./admin-context.js";

export interface HeldImage extends HeldRepository {
  /** Entries that name it or some of its tags; empty: what `policy.unlisted` says. */
  readonly entries: readonly string[];
}

export interface HeldImages {
  readonly images: readonly HeldImage[];
  readonly total: number;
}

/** One page of what registries hold. */
export async function listHeldImages(query: HeldQuery, context: AdminContext): Promise<HeldImages> {
  const { repositories, total } = await context.ledger.list(query);
  const find = indexEntries(await context.store.images.list(context.clock.now()));
  return { images: repositories.map((one) => ({ ...one, entries: find(one) })), total };
}

/** Entries by the first segment of their repository: thousands of them are not looked through for each of thousands of others. */
function indexEntries(
  entries: readonly RegisteredImage[],
): (held: HeldRepository) => readonly string[] {
  const groups = new Map<string, RegisteredImage[]>();
  for (const entry of entries) {
    const { repository } = entry.pattern;
    const prefix = literalPrefix(repository);
    // A pattern that begins within the first segment may name anything.
    const isBound = prefix === repository || prefix.includes("/");
    const key = isBound ? (repository.split("/")[0] ?? "") : "";
    const group = groups.get(key) ?? [];
    if (group.length === 0) groups.set(key, group);
    group.push(entry);
  }
  return ({ service, repository }) =>
    [...(groups.get(repository.split("/")[0] ?? "") ?? []), ...(groups.get("") ?? [])]
      .filter(
        ({ pattern }) =>
          (pattern.service === null || pattern.service === service) &&
          matchesRepository(pattern.repository, repository),
      )
      .map(({ pattern }) => formatImagePattern(pattern));
}
