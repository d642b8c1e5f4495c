// A look at the store for diagnosis: every check that opening it makes, more of them, and nothing written.
import { statSync } from "node:fs";
import type { StoreExamination } from "../../domain/examination.js";
import { err, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { EpochSeconds } from "../../domain/time.js";
import { findOldSqlite, isSqliteError, type Connection } from "./connection.js";
import { countUnconfirmed } from "./credential-epoch.js";
import { findDiskTrouble } from "./disk-trouble.js";
import { Database } from "./engine.js";
import { identifyStore } from "./file-watch.js";
import { inspectStore } from "./inspect-store.js";
import { readMigrations } from "./migrate.js";
import { describeNetworkPlace } from "./network-place.js";
import { findStaging } from "./staging.js";
import { findUnsafePlace } from "./store-files.js";
import { findInterruptedRestore, holdStore, isStoreServed, type Release } from "./store-lock.js";

export interface ExamineOptions {
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly busyTimeoutMs: number;
  readonly now: EpochSeconds;
}

type Seen = Pick<StoreExamination, "newestTime" | "unconfirmedCount">;
const UNSEEN: Seen = { newestTime: null, unconfirmedCount: 0 };

/** Columns that hold the time at which something was written, where the store has them. */
const TIMES = [
  ["migration", "applied_at"],
  ["account", "created_at"],
  ["image", "registered_at"],
] as const;

/** Answers what is wrong; throws nothing, and changes nothing but SQLite's own help files and the lock while it looks. */
export function examineStore(options: ExamineOptions): StoreExamination {
  const looseFiles = findLooseFiles(options.path);
  const leftFolders = findLeftFolders(options.path);
  const answer = (fault: StoreFault | null, seen = UNSEEN): StoreExamination => ({
    fault,
    looseFiles,
    leftFolders,
    ...seen,
    networkPlace: describeNetworkPlace(options.path),
    identity: identifyStore(options.path),
    // While a restore holds everything, there is no server.
    isServed: fault?.code !== "busy" && isServed(options.path),
  });
  // Said first: a store that a restore has moved away is not missing.
  const interrupted = findInterruptedRestore(options.path);
  const fault = interrupted ?? inspectStore(options.path) ?? placeFault(options.path);
  if (fault !== null) return answer(fault);
  const held = holdQuietly(options.path);
  if (!held.ok) return answer(held.error);
  let connection: Connection | null = null;
  try {
    // NOTE not read-only: such a connection leaves SQLite's help files behind; this one takes its own away again.
    connection = new Database(options.path, {
      timeout: options.busyTimeoutMs,
      fileMustExist: true,
    });
    connection.pragma("query_only = ON");
    const trouble = findTrouble(connection, options);
    const newestTime = findNewestTime(connection);
    const unconfirmedCount = trouble === null ? countUnconfirmed(connection, options.now) : 0;
    return answer(trouble, { newestTime, unconfirmedCount });
  } catch (error) {
    return answer(describeError(options.path, error));
  } finally {
    connection?.close();
    held.value();
  }
}

/** A connection that ends while the store is replaced would take the new one's help files away. */
function holdQuietly(path: string): Result<Release, StoreFault> {
  try {
    return holdStore(path);
  } catch (error) {
    return err(describeError(path, error));
  }
}

function isServed(path: string): boolean {
  try {
    return isStoreServed(path);
  } catch {
    return false; // where this user can't look: then inspectStore says so
  }
}

function placeFault(path: string): StoreFault | null {
  try {
    return findUnsafePlace(path);
  } catch (error) {
    return describeError(path, error);
  }
}

function findLooseFiles(path: string): readonly string[] {
  return [`${path}-wal`, `${path}-shm`].filter((file) => {
    try {
      return (statSync(file).mode & 0o077) !== 0;
    } catch {
      return false; // not there, or where this user can't look: then inspectStore says so
    }
  });
}

/** While a restore works they are its own. The lock is asked for only where there is something to ask about. */
function findLeftFolders(path: string): readonly string[] {
  try {
    if (findStaging(path).length === 0) return [];
    const held = holdStore(path);
    if (!held.ok) return [];
    const found = findStaging(path);
    held.value();
    return found;
  } catch {
    return []; // no folder, or not to be looked at: inspectStore says so
  }
}

function findTrouble(connection: Connection, options: ExamineOptions): StoreFault | null {
  const old = findOldSqlite(connection);
  if (old !== null) {
    const message = `SQLite ${old} has a bug that damages stores; 3.51.3 or later is needed: run npm ci`;
    return { code: "unsupported", message };
  }
  const isWhole = connection.pragma("quick_check(1)", { simple: true }) === "ok";
  const strays = isWhole ? connection.pragma("foreign_key_check") : [];
  if (!isWhole || !Array.isArray(strays) || strays.length > 0) return damaged(options.path);
  return findSchemaTrouble(connection, options);
}

function findSchemaTrouble(
  connection: Connection,
  { path, migrationsDirectory }: ExamineOptions,
): StoreFault | null {
  const migrations = readMigrations(migrationsDirectory);
  if (!hasColumn(connection, "migration", "checksum")) return damaged(path);
  const applied = connection
    .prepare<[], { number: number; checksum: string }>("SELECT number, checksum FROM migration")
    .all();
  const newer = applied.find(({ number }) => number > migrations.length);
  if (newer !== undefined) {
    const message = `the store was written by a newer version (schema ${newer.number}); use that version, or restore the copy from before`;
    return { code: "newer", message };
  }
  const changed = migrations.find(({ number, checksum }) =>
    applied.some((row) => row.number === number && row.checksum !== checksum),
  );
  if (changed !== undefined) {
    const message = `migration ${changed.name} differs from the one the store was made with; install an unchanged release`;
    return { code: "foreign", message };
  }
  const next = migrations.find(({ number }) => !applied.some((row) => row.number === number));
  if (next === undefined) return null;
  const message = `the store is older than this program (before ${next.name}); run dockwarden migrate`;
  return { code: "older", message };
}

function hasColumn(connection: Connection, table: string, column: string): boolean {
  const found = connection
    .prepare<[string, string]>("SELECT 1 FROM pragma_table_info(?) WHERE name = ?")
    .get(table, column);
  return found !== undefined;
}

function findNewestTime(connection: Connection): number | null {
  const times = TIMES.filter(([table, column]) => hasColumn(connection, table, column)).map(
    ([table, column]) =>
      connection.prepare<[], number | null>(`SELECT max(${column}) FROM ${table}`).pluck().get() ??
      0,
  );
  return times.length === 0 ? null : Math.max(...times);
}

function damaged(path: string): StoreFault {
  const message = `${path} is damaged; stop everything that uses it and restore a backup: dockwarden restore FILE --force`;
  return { code: "damaged", message };
}

function describeError(path: string, error: unknown): StoreFault {
  if (!isSqliteError(error)) {
    const { code, message } = error as NodeJS.ErrnoException;
    const words = `the store at ${path} can't be looked at (${code ?? message}); check the path and its owner`;
    return { code: "failed", message: words };
  }
  if (error.code.startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB") {
    return damaged(path);
  }
  if (error.code.startsWith("SQLITE_BUSY")) {
    return { code: "busy", message: "the store is busy: another process is writing; try again" };
  }
  const trouble = findDiskTrouble(path);
  if (trouble !== null) return { code: "failed", message: `the store at ${path} ${trouble}` };
  const words = `the store at ${path} can't be looked at (${error.code}); check the disk and the file's owner`;
  return { code: "failed", message: words };
}
