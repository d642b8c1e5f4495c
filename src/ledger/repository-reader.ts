// Reads one repository from its registry into the ledger: every tag, and every manifest of which it isn't known what it names.
import type {
  EpochMicroseconds,
  LedgerStore,
  Manifest,
  RepositoryPlace,
} from "../domain/ledger.js";
import type { LedgerListing } from "../domain/ledger-listing.js";
import { isIndexType } from "../domain/media-type.js";
import type { RegistryApi, RegistryFault } from "../domain/registry-api.js";
import { err, ok, type Result } from "../domain/result.js";
import { someAtOnce } from "../domain/some-at-once.js";

export interface ReaderContext {
  readonly registry: RegistryApi;
  readonly ledger: Pick<LedgerStore, "applySnapshot" | "forgetRepository" | "clearTroubles">;
  readonly listing: Pick<LedgerListing, "listKnown" | "listNames">;
  /** The wall clock, to the microsecond as far as there is one. */
  readonly now: () => EpochMicroseconds;
}

export interface ReadOptions {
  /** Whether it is also read when images were made: one request more for each. */
  readonly withCreated: boolean;
  readonly requestsAtOnce: number;
  /** More than that is a fault. */
  readonly requestsMax: number;
  /** Seconds after which no further request begins. */
  readonly seconds: number;
}

export interface RepositoryReading {
  readonly tagCount: number;
  /** Manifests that were read now. */
  readonly manifestCount: number;
}

const MICROSECONDS = 1_000_000;

/** Null: the registry has no such repository; nothing was written. A fault leaves the ledger as it was. */
export async function readRepository(
  place: RepositoryPlace,
  options: ReadOptions,
  context: ReaderContext,
): Promise<Result<RepositoryReading | null, RegistryFault>> {
  const readAt = context.now();
  const listed = await context.registry.listTags(place.service, place.repository);
  if (!listed.ok) return listed;
  if (listed.value === null) return ok(null);
  const reading = new Reading(place, options, { ...context, readAt });
  const tags = await reading.readTags(listed.value);
  if (!tags.ok) return tags;
  const manifests = await reading.readManifests(new Set(tags.value.values()));
  if (!manifests.ok) return manifests;
  const snapshot = { ...place, readAt, tags: tags.value, manifests: manifests.value };
  await context.ledger.applySnapshot(snapshot, Math.floor(context.now() / MICROSECONDS));
  return ok({ tagCount: tags.value.size, manifestCount: manifests.value.length });
}

type Faulty = { readonly ok: false; readonly error: RegistryFault };

class Reading {
  readonly #place: RepositoryPlace;
  readonly #options: ReadOptions;
  readonly #context: ReaderContext & { readonly readAt: EpochMicroseconds };
  #requests = 1;

  constructor(
    place: RepositoryPlace,
    options: ReadOptions,
    context: ReaderContext & { readonly readAt: EpochMicroseconds },
  ) {
    this.#place = place;
    this.#options = options;
    this.#context = context;
  }

  /** Tags that vanish meanwhile are left out. */
  async readTags(
    names: readonly string[],
  ): Promise<Result<ReadonlyMap<string, string>, RegistryFault>> {
    const { service, repository } = this.#place;
    const found = new Map<string, string>();
    const fault = await someAtOnce(names, this.#options.requestsAtOnce, async (tag) => {
      const bound = this.#spend(1);
      if (bound !== null) return bound;
      const digest = await this.#context.registry.findDigest(service, repository, tag);
      if (!digest.ok) return digest;
      if (digest.value !== null) found.set(tag, digest.value);
      return null;
    });
    return fault ?? ok(found);
  }

  /** Level by level: indexes name manifests, which may be indexes. Those that were deleted meanwhile are left out. */
  async readManifests(
    tagged: ReadonlySet<string>,
  ): Promise<Result<readonly Manifest[], RegistryFault>> {
    const known = await this.#context.listing.listKnown(this.#place);
    const manifests: Manifest[] = [];
    const seen = new Set(tagged);
    let level: readonly string[] = [...tagged];
    while (level.length > 0) {
      const next: string[] = [];
      const fault = await someAtOnce(level, this.#options.requestsAtOnce, async (digest) => {
        const found = known.get(digest);
        const isIndex = found !== undefined && found.children.length > 0;
        const isWhole = isIndex || found?.hasCreated === true || !this.#options.withCreated;
        if (found !== undefined && isWhole) {
          next.push(...found.children);
          return null;
        }
        const read = await this.#readManifest(digest);
        if (!read.ok) return read;
        if (read.value === null) return null;
        manifests.push(read.value);
        if (isIndexType(read.value.mediaType)) {
          next.push(...(read.value.references ?? []).map((child) => child.digest));
        }
        return null;
      });
      if (fault !== null) return fault;
      level = [...new Set(next)].filter((digest) => !seen.has(digest));
      for (const digest of level) seen.add(digest);
    }
    return ok(manifests);
  }

  async #readManifest(digest: string): Promise<Result<Manifest | null, RegistryFault>> {
    const { service, repository } = this.#place;
    const { withCreated } = this.#options;
    const bound = this.#spend(withCreated ? 2 : 1);
    if (bound !== null) return bound;
    return this.#context.registry.readManifest(service, repository, { digest, withCreated });
  }

  #spend(requests: number): Faulty | null {
    this.#requests += requests;
    const { seconds, requestsMax } = this.#options;
    const { service, repository } = this.#place;
    const isLate = this.#context.now() - this.#context.readAt > seconds * MICROSECONDS;
    if (!isLate && this.#requests <= requestsMax) return null;
    const why = isLate ? `longer than ${seconds} seconds` : `more than ${requestsMax} requests`;
    return err({
      reason: "too-large",
      message: `reading ${repository} takes ${why}; run dockwarden image sync ${repository} --service ${service}`,
    });
  }
}
