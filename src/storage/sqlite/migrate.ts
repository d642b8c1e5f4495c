// Numbered migrations, forward only: each in one transaction, recorded by name and checksum; a copy is made before.
import { createHash } from "node:crypto";
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Clock } from "../../domain/time.js";
import { isSqliteError, openConnection, type Connection } from "./connection.js";
import { inspectStore } from "./inspect-store.js";
import { findInterruptedRestore, holdStore } from "./store-lock.js";

export interface Migration {
  readonly number: number;
  /** File name: `0001-initial.sql`. */
  readonly name: string;
  readonly sql: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly checksum: string;
}

const CREATE_TABLE =
  "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";

/** All migrations of the folder in order; throws when the numbers are not 1, 2, 3 … */
export function readMigrations(directory: string): readonly Migration[] {
  const names = readdirSync(directory)
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .sort();
  return names.map((name, index) => {
    const number = Number(name.slice(0, 4));
    if (number !== index + 1) throw new Error(`migration ${name} is out of order`);
    const sql = readFileSync(join(directory, name), "utf8");
    return { number, name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

/** What of the migrations the store has, and whether that fits this program. */
export function findMissing(
  connection: Connection,
  migrations: readonly Migration[],
): Result<readonly Migration[], StoreFault> {
  connection.exec(CREATE_TABLE);
  const applied = connection
    .prepare<[], { number: number; checksum: string }>("SELECT number, checksum FROM migration")
    .all();
  for (const { number, checksum } of applied) {
    const known = migrations.find((migration) => migration.number === number);
    if (known === undefined) {
      const message = `the store was written by a newer version (schema ${number}); use that version, or restore the copy from before`;
      return err({ code: "newer", message });
    }
    if (known.checksum !== checksum) {
      const message = `migration ${known.name} differs from the one the store was made with; install an unchanged release`;
      return err({ code: "foreign", message });
    }
  }
  return ok(migrations.filter(({ number }) => !applied.some((row) => row.number === number)));
}

/** Applies what is missing; another process doing the same waits and then finds nothing left. */
export function applyMigrations(
  connection: Connection,
  migrations: readonly Migration[],
  clock: Clock,
): readonly string[] {
  const applied: string[] = [];
  for (const migration of migrations) {
    connection.exec("BEGIN IMMEDIATE");
    try {
      const isThere = connection
        .prepare<[number]>("SELECT 1 FROM migration WHERE number = ?")
        .get(migration.number);
      if (isThere === undefined) {
        connection.exec(migration.sql);
        connection
          .prepare("INSERT INTO migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)")
          .run(migration.number, migration.name, migration.checksum, clock.now());
        applied.push(migration.name);
      }
      connection.exec("COMMIT");
    } catch (error) {
      if (connection.inTransaction) connection.exec("ROLLBACK");
      throw error;
    }
  }
  return applied;
}

/**
 * A consistent copy beside the store (`….before-0002`, 0600); an older copy of the same name is replaced. Nobody writes
 * meanwhile. Null where another process has applied the migration already: then the copy it made stays as it is.
 */
export function copyBefore(
  connection: Connection,
  options: Pick<MigrateOptions, "path" | "busyTimeoutMs">,
  next: Migration,
): string | null {
  const copy = `${options.path}.before-${String(next.number).padStart(4, "0")}`;
  // VACUUM can't run in a transaction, so that another connection holds the write lock for it.
  const lock = openConnection(options.path, options.busyTimeoutMs);
  try {
    lock.exec("BEGIN IMMEDIATE");
    const isApplied = lock.prepare("SELECT 1 FROM migration WHERE number = ?").get(next.number);
    if (isApplied !== undefined) return null;
    rmSync(copy, { force: true });
    // SQLite follows links and opens for others to read; made by us it takes an empty file (THREATS M03).
    closeSync(openSync(copy, "wx", 0o600));
    connection.prepare("VACUUM INTO ?").run(copy);
    return copy;
  } finally {
    lock.close();
  }
}

export interface MigrateOptions {
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly busyTimeoutMs: number;
  readonly clock: Clock;
}

type Migrated = Result<
  { readonly applied: readonly string[]; readonly copy: string | null },
  StoreFault
>;

/** `dockwarden migrate`: brings an existing store up to this program; answers what was applied and the copy's path. */
export async function migrateStore(options: MigrateOptions): Promise<Migrated> {
  const fault = findInterruptedRestore(options.path) ?? inspectStore(options.path);
  if (fault !== null) return err(fault);
  const held = holdStore(options.path);
  if (!held.ok) return held;
  try {
    return migrateHeld(options);
  } finally {
    held.value();
  }
}

/** With the lock held nothing is replaced any more: what a restore did before is looked at once more. */
function migrateHeld(options: MigrateOptions): Migrated {
  const interrupted = findInterruptedRestore(options.path);
  if (interrupted !== null) return err(interrupted);
  const connection = openConnection(options.path, options.busyTimeoutMs);
  try {
    const missing = findMissing(connection, readMigrations(options.migrationsDirectory));
    if (!missing.ok) return missing;
    const [next] = missing.value;
    if (next === undefined) return ok({ applied: [], copy: null });
    const copy = copyBefore(connection, options, next);
    return ok({ applied: applyMigrations(connection, missing.value, options.clock), copy });
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    const isBusy = error.code.startsWith("SQLITE_BUSY");
    const message = isBusy
      ? "the store is busy: another process is writing; try again"
      : `the store could not be migrated (${error.code}); nothing was changed`;
    return err({ code: isBusy ? "busy" : "failed", message });
  } finally {
    connection.close();
  }
}
