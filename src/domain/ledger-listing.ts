// What is looked at in the ledger by people and by who reads registries; the gate's own questions are LedgerReader's.
import type { Manifest, RepositoryPlace } from "./ledger.js";
import type { Page } from "./listing.js";
import type { EpochSeconds } from "./time.js";

export interface LastPull {
  readonly at: EpochSeconds;
  /** Empty: anonymous. */
  readonly account: string;
}

/** As far back as pulls are kept. */
export interface PullCounts {
  readonly pulls: number;
  /** Only the tag was looked up: docker does no more where its copy is up to date. */
  readonly looks: number;
}

export interface HeldTag {
  readonly tag: string;
  readonly digest: string;
  /** When it was pushed, or first seen in the registry. */
  readonly changedAt: EpochSeconds;
  /** Null: not known. */
  readonly pushedBy: string | null;
  readonly lastPull: LastPull | null;
  readonly counts: PullCounts;
}

export interface HeldManifest extends Manifest {
  /** Null: not known; it was there before the ledger. */
  readonly pushedAt: EpochSeconds | null;
  readonly pushedBy: string | null;
}

/** One repository with everything in it. */
export interface HeldContent extends RepositoryPlace {
  readonly seenAt: EpochSeconds;
  /** When the registry was last asked; null: never, all this comes from notifications. */
  readonly readAt: EpochSeconds | null;
  /** Sorted by name. */
  readonly tags: readonly HeldTag[];
  /** Those that were not deleted, tagged or not. */
  readonly manifests: ReadonlyMap<string, HeldManifest>;
  /** By a digest that no single tag explains; null: none is known. */
  readonly digestPull: LastPull | null;
  readonly digestCounts: PullCounts;
}

/** One repository as a row of a list. */
export interface HeldRepository extends RepositoryPlace {
  readonly seenAt: EpochSeconds;
  readonly tagCount: number;
  /** Tags without any use since the time that was asked for; 0 where none was. */
  readonly unusedCount: number;
  /** Bytes of manifests and of what they reference, each once. */
  readonly size: number;
  /** RFC 3339: when the youngest image was made; null: not known. */
  readonly created: string | null;
  /** The latest push of a tag, or when one was first seen; null: no tags. */
  readonly changedAt: EpochSeconds | null;
  readonly lastPull: LastPull | null;
}

export const HELD_SORTINGS = ["name", "size", "pulled", "created"] as const;
/** `size`: the largest first. `pulled`, `created`: the latest first. Unknown ones last. */
export type HeldSorting = (typeof HELD_SORTINGS)[number];

export interface HeldQuery {
  readonly service: string | null;
  /** The literal beginning of the repository: `team/`. */
  readonly prefix: string | null;
  /** Those that have a tag of which no pull and no push is known from then on. */
  readonly unusedSince: EpochSeconds | null;
  readonly order: HeldSorting;
  readonly page: Page;
}

/** What is known of one manifest of a repository without reading it again. */
export interface KnownManifest {
  /** Manifests that it names; only an index names any. */
  readonly children: readonly string[];
  readonly hasCreated: boolean;
}

/** Reads; may throw StoreUnavailable. */
export interface LedgerListing {
  /** Repositories with at least one tag or manifest. */
  list(query: HeldQuery): Promise<{
    readonly repositories: readonly HeldRepository[];
    readonly total: number;
  }>;
  /** The repository as each registry holds it (null: of any service), by service. */
  find(service: string | null, repository: string): Promise<readonly HeldContent[]>;
  /** Every repository of the service, sorted. */
  listNames(service: string): Promise<readonly string[]>;
  /** How many repositories are known, of any service. */
  count(): Promise<number>;
  /** The earliest pull there that is known of (null: of any service); null: nobody ever told of one. */
  beginsAt(service: string | null): Promise<EpochSeconds | null>;
  /** Manifests of which everything is known that they name. */
  listKnown(place: RepositoryPlace): Promise<ReadonlyMap<string, KnownManifest>>;
  /**
   * Which of these blobs and manifests something else in the service's registry still needs, once the given manifests of
   * the given repository are gone.
   */
  findStillNeeded(
    service: string,
    digests: readonly string[],
    gone: readonly { readonly repository: string; readonly digests: readonly string[] }[],
  ): Promise<ReadonlySet<string>>;
  /** Manifests of the service of which it isn't known what they name. */
  countIncomplete(service: string): Promise<number>;
}
