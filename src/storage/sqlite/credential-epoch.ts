// The store's credential epoch: rises by a restore, so that tokens which were revoked since the backup stay dead.
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";

/** 0 until the first restore, and for a store of a version that had none. */
export function readCredentialEpoch(connection: Connection): number {
  const hasTable = connection
    .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'credential_epoch'")
    .get();
  if (hasTable === undefined) return 0;
  const newest = connection.prepare("SELECT max(epoch) FROM credential_epoch").pluck().get();
  return typeof newest === "number" ? newest : 0;
}

/** Begins the epoch above both the store's own and `floor`; answers it. */
export function raiseCredentialEpoch(
  connection: Connection,
  floor: number,
  times: { readonly now: EpochSeconds; readonly backupTakenAt: EpochSeconds },
): number {
  const epoch = Math.max(readCredentialEpoch(connection), floor) + 1;
  connection
    .prepare("INSERT INTO credential_epoch (epoch, began_at, backup_taken_at) VALUES (?, ?, ?)")
    .run(epoch, times.now, times.backupTakenAt);
  return epoch;
}

/** Live credentials from before the newest epoch; the table is not read where there was no restore. */
export function countUnconfirmed(connection: Connection, now: EpochSeconds): number {
  const epoch = readCredentialEpoch(connection);
  if (epoch === 0) return 0;
  const count = connection
    .prepare<[number, number], number>(
      "SELECT count(*) FROM credential WHERE kind <> 'refresh' AND ended_at IS NULL AND epoch < ? AND (expires_at IS NULL OR expires_at > ?)",
    )
    .pluck();
  return count.get(epoch, now) ?? 0;
}
