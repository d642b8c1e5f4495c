// Opens the file of sums beside the policy's store, making it where it is missing. Losing it loses no right and no account.
import { closeSync, existsSync, openSync } from "node:fs";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Clock } from "../../domain/time.js";
import { isSqliteError, openConnection, type Connection } from "./connection.js";
import { findDiskTrouble } from "./disk-trouble.js";
import { applyMigrations, findMissing, readMigrations } from "./migrate.js";
import { findUnsafePlace, tightenStoreFiles } from "./store-files.js";

/** "DWRA": marks the file as ours (PRAGMA application_id). */
const ACTIVITY_ID = 0x44575241;

export interface OpenActivityOptions {
  /** Of the file of sums itself: activityPathOf. */
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly busyTimeoutMs: number;
  readonly clock: Clock;
}

/** `data/dockwarden.db` → `data/dockwarden-activity.db`. */
export function activityPathOf(storePath: string): string {
  return `${storePath.replace(/\.db$/, "")}-activity.db`;
}

/** An open connection to a file that is ours and up to date, or why there is none; throws nothing. */
export function openActivity(options: OpenActivityOptions): Result<Connection, StoreFault> {
  const { path } = options;
  let connection: Connection | null = null;
  try {
    const unsafe = findUnsafePlace(path);
    if (unsafe !== null) return err(unsafe);
    const isNew = !existsSync(path);
    // Made by us, so that it is never open to others for a moment (THREATS M01).
    if (isNew) closeSync(openSync(path, "wx", 0o600));
    connection = openConnection(path, options.busyTimeoutMs);
    const fault = prepare(connection, options);
    tightenStoreFiles(path);
    if (fault === null) return ok(connection);
    connection.close();
    return err(fault);
  } catch (error) {
    connection?.close();
    return err(describeActivityError(path, error));
  }
}

function prepare(connection: Connection, options: OpenActivityOptions): StoreFault | null {
  const { path, clock } = options;
  // A batch that the disk has not yet got may be lost with the power; the policy's store never allows that.
  connection.pragma("synchronous = NORMAL");
  connection.pragma("secure_delete = OFF");
  const id: unknown = connection.pragma("application_id", { simple: true });
  const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (id !== ACTIVITY_ID && tables !== 0) {
    const message = `${path} is not a file of Dockwarden's; move it away, and the server makes a new one`;
    return { code: "foreign", message };
  }
  connection.pragma(`application_id = ${ACTIVITY_ID}`);
  const missing = findMissing(connection, readMigrations(options.migrationsDirectory));
  if (!missing.ok) return { ...missing.error, message: `${path}: ${missing.error.message}` };
  applyMigrations(connection, missing.value, clock);
  return null;
}

/** What an error of the file means, and what to do; the file is named, since it is not the store. */
export function describeActivityError(path: string, error: unknown): StoreFault {
  if (!isSqliteError(error)) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      code: "failed",
      message: `${path} can't be opened (${code ?? message}); check the folder and the file's owner`,
    };
  }
  if (error.code.startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB") {
    const message = `${path} is damaged; move it away, and the server makes a new one (what was refused and given before is lost with it)`;
    return { code: "damaged", message };
  }
  if (error.code.startsWith("SQLITE_BUSY")) {
    return { code: "busy", message: `${path} is busy: another process is writing; try again` };
  }
  const trouble =
    findDiskTrouble(path) ?? `can't be used (${error.code}); check the disk and the owner`;
  return { code: "failed", message: `${path} ${trouble}` };
}
