// What we know of the registry's content: learnt from its notifications, mended by asking the registry itself.
import type { EpochSeconds } from "./time.js";

/** Microseconds since 1970: notifications may be milliseconds apart, and their order decides. */
export type EpochMicroseconds = number;

/** What a manifest names: a layer, a configuration, or (in an index) another manifest. */
export interface Reference {
  /** `sha256:…` */
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes; null: not said. */
  readonly size: number | null;
}

export interface Manifest {
  readonly digest: string;
  readonly mediaType: string;
  /** Bytes of the manifest itself; null: not known. */
  readonly size: number | null;
  /** Null: not known; the registry was not asked yet. */
  readonly references: readonly Reference[] | null;
  /** RFC 3339 from the image's configuration; null: not known, or none (an index). */
  readonly created: string | null;
}

/** Where something happened: one repository of one registry. */
export interface RepositoryPlace {
  readonly service: string;
  readonly repository: string;
}

interface Act extends RepositoryPlace {
  readonly at: EpochMicroseconds;
  /** The token's `sub`; empty: anonymous. */
  readonly actor: string;
  /** Where the registry saw it come from; may be a client's own claim, decides nothing. */
  readonly address: string;
}

/** One thing that happened in a registry. Layers take no part: what is not listed here is dropped. */
export type RegistryAct =
  /** A manifest was put; `tag` null: by its digest. `manifest.created` is always null here. */
  | (Act & { readonly kind: "push"; readonly tag: string | null; readonly manifest: Manifest })
  | (Act & { readonly kind: "delete-manifest"; readonly digest: string })
  | (Act & { readonly kind: "delete-tag"; readonly tag: string })
  /** A manifest was asked for. */
  | (Act & {
      readonly kind: "pull";
      readonly method: "GET" | "HEAD";
      readonly tag: string | null;
      readonly digest: string;
    });

export interface RegistryEvent {
  /** The same on every redelivery. */
  readonly id: string;
  /** Of the registry's process: another one at each of its starts; empty: not said. */
  readonly instance: string;
  readonly act: RegistryAct;
}

/** Who may reach a digest: the tags from which one comes to it, straight or through indexes. */
export interface DigestReach {
  /** The ledger knows a manifest of this digest that was not deleted. */
  readonly isKnown: boolean;
  /** Tags that reach it now. */
  readonly tags: readonly string[];
  /** Tags that reached it once; they decide only where none reaches it now. */
  readonly pastTags: readonly string[];
  /** An index without a tag of its own names it. */
  readonly hasUntaggedParent: boolean;
  /** Name of who pushed it last; null: not known. */
  readonly pushedBy: string | null;
}

/** Nothing is known of the digest. */
export const UNKNOWN_REACH: DigestReach = {
  isKnown: false,
  tags: [],
  pastTags: [],
  hasUntaggedParent: false,
  pushedBy: null,
};

/** A pull (GET) or a look (HEAD) that the gate let pass. */
export interface PullNote extends RepositoryPlace {
  /** Null: by a digest. */
  readonly tag: string | null;
  /** Null: by a tag. */
  readonly digest: string | null;
  /** Empty: anonymous. */
  readonly account: string;
  readonly method: "GET" | "HEAD";
  readonly at: EpochSeconds;
  /** So many equal ones on one day, the last at `at`; absent: one. */
  readonly count?: number;
}

/** What the gate asks on the way of a request; indexed reads. May throw StoreUnavailable. */
export interface LedgerReader {
  /** Changes whenever anything was committed by anybody, so that what was read may no longer be true. */
  version(): number;
  findReach(place: RepositoryPlace, digest: string): Promise<DigestReach>;
  /** Names of manifests and tags that the blob is part of: reach of every manifest that references it. */
  findBlobReach(place: RepositoryPlace, digest: string): Promise<DigestReach>;
}

/** Names of repositories that hold something now: a tag, or a manifest that was not deleted. May throw StoreUnavailable. */
export interface CatalogReader {
  /**
   * By code unit, at most `limit`: from the first name that begins with `prefix` and comes behind `after` (null: from the
   * first). An indexed read of a range: what lies elsewhere is not looked at.
   */
  listRepositories(
    service: string,
    range: { readonly prefix: string; readonly after: string | null; readonly limit: number },
  ): Promise<readonly string[]>;
}

/** What the ledger has of one repository as the registry itself told it at `readAt`. */
export interface RepositorySnapshot extends RepositoryPlace {
  /** When the reading began: whatever notifications say happened later stands. */
  readonly readAt: EpochMicroseconds;
  /** Every tag with its digest; those missing here and known before are gone. */
  readonly tags: ReadonlyMap<string, string>;
  /** What was read besides; manifests that no tag reaches are left as they are. */
  readonly manifests: readonly Manifest[];
}

/** Why the ledger may lack something, until somebody (or the server itself) reads the registry. */
export interface LedgerTrouble {
  readonly service: string;
  /** `dropped`: events came that could not be read or kept; `restarted`: the registry began anew and may have lost some. */
  readonly reason: "dropped" | "restarted";
  readonly since: EpochSeconds;
  readonly count: number;
}

/** A pull that the registry reported and the gate was never asked about. */
export interface GateBypass extends RepositoryPlace {
  readonly account: string;
  readonly firstAt: EpochSeconds;
  readonly lastAt: EpochSeconds;
  readonly count: number;
}

/** Everything that changes the ledger. Each act is whole; may throw StoreUnavailable. */
export interface LedgerStore extends LedgerReader {
  /** All or none, each event once however often it comes; a late one never undoes a later one. Answers the new ones. */
  apply(events: readonly RegistryEvent[], now: EpochSeconds): Promise<readonly RegistryEvent[]>;
  /** Takes over what the registry itself said; a delete or push reported as later stands. */
  applySnapshot(snapshot: RepositorySnapshot, now: EpochSeconds): Promise<void>;
  /** Completes manifests of which only the digest was known; unknown ones are ignored. */
  completeManifests(place: RepositoryPlace, manifests: readonly Manifest[]): Promise<void>;
  /** Repositories that the registry no longer has are forgotten with everything in them. */
  forgetRepository(place: RepositoryPlace): Promise<void>;
  /** Adds pulls up by day, repository, tag, account and method. */
  notePulls(notes: readonly PullNote[]): Promise<void>;
  noteTrouble(trouble: Omit<LedgerTrouble, "count">): Promise<void>;
  /** The registry of this service was read as a whole, beginning at `since`: older troubles are mended. */
  clearTroubles(service: string, since: EpochSeconds): Promise<void>;
  listTroubles(): Promise<readonly LedgerTrouble[]>;
  noteBypass(bypass: Omit<GateBypass, "count" | "firstAt">): Promise<void>;
  /** Those of which the last was after `since`. */
  listBypasses(since: EpochSeconds): Promise<readonly GateBypass[]>;
  /** Whether the gate has noted a pull or a look of the account in the repository since; in any process on this store. */
  hasPull(place: RepositoryPlace, account: string, since: EpochSeconds): Promise<boolean>;
  /** Forgets pulls, acts and ids of events from before, and what goes beyond the bounds; answers how many rows went. */
  prune(before: EpochSeconds, now: EpochSeconds): Promise<number>;
}
