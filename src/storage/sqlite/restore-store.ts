// A store out of a backup: made ready beside its place, then put there in steps that a kill can't leave half-done.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Actor } from "../../domain/change.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import { formatTime, type Clock, type EpochSeconds } from "../../domain/time.js";
import { createRecorder } from "./change-log.js";
import { isSqliteError, openConnection, type Connection } from "./connection.js";
import { findDamage } from "./copy-store.js";
import { raiseCredentialEpoch } from "./credential-epoch.js";
import { flush } from "./flush.js";
import { inspectStore } from "./inspect-store.js";
import { applyMigrations, findMissing, readMigrations } from "./migrate.js";
import { parseFloor, raiseIds, type Floor } from "./restore-floor.js";
import { restoreMarkerOf } from "./store-lock.js";

export interface RestoredOptions {
  readonly migrationsDirectory: string;
  readonly clock: Clock;
  readonly backupTakenAt: EpochSeconds;
  /** What the store that is replaced has given out already. */
  readonly floor: Floor;
  /** The backup brings keys along. */
  readonly hasKeys: boolean;
  /** Who restores. */
  readonly actor: Actor;
}

/** What SQLite lays beside a store, and the store. NOTE a `-wal` left beside another store would be played into it. */
const SUFFIXES = ["-wal", "-shm", "-journal", ""] as const;
const BUSY_MILLISECONDS = 1000;

/**
 * Checks the store in `staged` (a private copy), brings it up to this program, raises its credential epoch and its
 * ids above `floor` and writes the restore into its audit log; answers the epoch. A refusal may leave `staged` changed.
 */
export function prepareRestored(
  staged: string,
  options: RestoredOptions,
): Result<number, StoreFault> {
  const fault = inspectStore(staged);
  if (fault !== null)
    return err({ ...fault, message: "the store in the backup is not one of ours, or cut off" });
  try {
    const connection = openConnection(staged, BUSY_MILLISECONDS);
    try {
      const damage = findDamage(connection);
      if (damage !== null) return err(damagedStore(damage));
      const missing = findMissing(connection, readMigrations(options.migrationsDirectory));
      if (!missing.ok) return missing;
      applyMigrations(connection, missing.value, options.clock);
      const epoch = connection.transaction(() => beginEpoch(connection, options))();
      // One file, with nothing beside it that would have to move along.
      connection.pragma("journal_mode = DELETE");
      return ok(epoch);
    } finally {
      connection.close();
    }
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code)) return err(damagedStore(error.code));
    const message = `the backup's store could not be made ready (${error.code}); is the disk full?`;
    return err({ code: "failed", message });
  } finally {
    if (existsSync(staged)) flush(staged);
  }
}

function beginEpoch(connection: Connection, options: RestoredOptions): number {
  const { clock, backupTakenAt, floor, hasKeys, actor } = options;
  raiseIds(connection, floor.ids);
  const epoch = raiseCredentialEpoch(connection, floor.epoch, { now: clock.now(), backupTakenAt });
  createRecorder(
    connection,
    actor,
    clock,
  )({
    verb: "store.restore",
    names: [{ kind: "store", name: "store" }],
    before: { credentialEpoch: floor.epoch },
    after: { backupTakenAt: formatTime(backupTakenAt), hasKeys, credentialEpoch: epoch },
  });
  return epoch;
}

function damagedStore(what: string): StoreFault {
  return {
    code: "damaged",
    message: `the store in the backup is damaged (${what}); take another backup`,
  };
}

/** The first step of a restore that lasts: until `finishRestore` nobody opens the store. */
export interface Replacement {
  /** `….replaced-20261121T101500Z`: where the files that lay there are kept. */
  readonly suffix: string;
  /** Something lay there, now or before an earlier attempt that was killed. */
  readonly hadStore: boolean;
  /** What that store has given out already. */
  readonly floor: Floor;
  /** SHA-256 of the certificates that registries trusted before, in hexadecimal; null where none lay there. */
  readonly trusted: string | null;
}

/** Marks the replacement; one that was killed goes on under its own name, so that the oldest files stay the ones kept. */
export function beginRestore(path: string, fresh: Replacement): Replacement {
  const marker = restoreMarkerOf(path);
  const earlier = readMarker(marker);
  if (earlier !== null) return earlier;
  const draft = `${marker}.${randomBytes(6).toString("hex")}`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(fresh)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, marker);
  flush(dirname(path));
  return fresh;
}

/** Null where none was begun. It is written whole, so that anything else in it was put there by hand. */
export function readMarker(marker: string): Replacement | null {
  if (!existsSync(marker)) return null;
  const found = parseMarker(readFileSync(marker, "utf8"));
  if (found !== null) return found;
  throw new Error(`${marker} is not what a restore writes; remove it and restore again`);
}

function parseMarker(text: string): Replacement | null {
  try {
    const { suffix, hadStore, floor: found, trusted } = JSON.parse(text) as Partial<Replacement>;
    const floor = parseFloor(found);
    const isSuffix = typeof suffix === "string" && /^replaced-\w+$/.test(suffix);
    const isWhole = isSuffix && typeof hadStore === "boolean" && floor !== null;
    return isWhole ? { suffix, hadStore, floor, trusted: trusted ?? null } : null;
  } catch {
    return null; // the caller says it, with the path
  }
}

/** Keeps what lies there under `….replaced-…`, and puts the staged store in its place; answers what was kept. */
export function replaceStore(
  path: string,
  staged: string,
  replacement: Replacement,
): string | null {
  const aside = `${path}.${replacement.suffix}`;
  for (const suffix of SUFFIXES) {
    const [from, to] = [`${path}${suffix}`, `${aside}${suffix}`];
    if (!existsSync(from)) continue;
    // What an attempt that was killed had put there already; the old one is safe.
    if (!replacement.hadStore || existsSync(to)) rmSync(from);
    else renameSync(from, to);
  }
  flush(dirname(path));
  renameSync(staged, path);
  flush(dirname(path));
  return existsSync(aside) ? aside : null;
}

/** From here on the store is opened again. */
export function finishRestore(path: string): void {
  rmSync(restoreMarkerOf(path), { force: true });
  flush(dirname(path));
}
