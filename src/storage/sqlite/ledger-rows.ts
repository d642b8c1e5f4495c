// Rows of the ledger as SQLite gives them, and what is looked at made of them.
import type { Reference } from "../../domain/ledger.js";
import type { HeldManifest, HeldTag, LastPull, PullCounts } from "../../domain/ledger-listing.js";
import type { EpochSeconds } from "../../domain/time.js";

export const toSeconds = (microseconds: number): EpochSeconds =>
  Math.floor(microseconds / 1_000_000);
export const toSecondsOrNull = (microseconds: number | null): EpochSeconds | null =>
  microseconds === null ? null : toSeconds(microseconds);

export interface RepositoryRow {
  readonly id: number;
  readonly service: string;
  readonly name: string;
  readonly seen_at: number;
  readonly read_us: number | null;
}

export interface TagRow {
  readonly tag: string;
  readonly digest: string;
  readonly changed_us: number;
  readonly pushed_by: string | null;
  readonly last_at: number | null;
  readonly account: string | null;
}

export interface ManifestRow {
  readonly digest: string;
  readonly media_type: string;
  readonly size: number | null;
  readonly created: string | null;
  readonly pushed_us: number | null;
  readonly pushed_by: string | null;
  readonly is_complete: number;
}

export interface ReferenceRow {
  readonly parent: string;
  readonly child: string;
  readonly media_type: string;
  readonly size: number | null;
  readonly is_manifest: number;
}

export const NO_PULLS: PullCounts = { pulls: 0, looks: 0 };

export function toLastPull(at: number | null, account: string | null): LastPull | null {
  return at === null ? null : { at, account: account ?? "" };
}

export function readTag(row: TagRow, counts: PullCounts = NO_PULLS): HeldTag {
  return {
    tag: row.tag,
    digest: row.digest,
    changedAt: toSeconds(row.changed_us),
    pushedBy: row.pushed_by,
    lastPull: toLastPull(row.last_at, row.account),
    counts,
  };
}

export function readManifest(row: ManifestRow, references: readonly Reference[]): HeldManifest {
  return {
    digest: row.digest,
    mediaType: row.media_type,
    size: row.size,
    references: row.is_complete === 1 ? references : null,
    created: row.created,
    pushedAt: toSecondsOrNull(row.pushed_us),
    pushedBy: row.pushed_by,
  };
}
