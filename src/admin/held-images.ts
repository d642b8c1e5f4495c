// What registries hold, beside the entries that say who gets it: a repository may have none.
import { formatImagePattern } from "../domain/image-pattern.js";
import type { HeldQuery, HeldRepository } from "../domain/ledger-listing.js";
import type { AdminContext } from "./admin-context.js";
import { indexEntries } from "./entry-index.js";

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
  const images = repositories.map((one) => ({
    ...one,
    entries: find(one).map(({ pattern }) => formatImagePattern(pattern)),
  }));
  return { images, total };
}

/** How many repositories registries hold; those of which everything was deleted are none. */
export async function countHeldImages({ ledger }: AdminContext): Promise<number> {
  const page = { limit: 0, offset: 0 };
  const all = { service: null, prefix: null, unusedSince: null, order: "name", page } as const;
  return (await ledger.list(all)).total;
}
