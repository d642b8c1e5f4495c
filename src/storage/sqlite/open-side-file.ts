// Opens a file beside the policy's store, making it where it is missing. Losing such a file loses no right and no account.
import { closeSync, existsSync, openSync } from "node:fs";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Clock } from "../../domain/time.js";
import { findDiskTrouble } from "./disk-trouble.js";
import { isSqliteError, openConnection, type Connection } from "./connection.js";
import { applyMigrations, findMissing, readMigrations } from "./migrate.js";
import { findUnsafePlace, tightenStoreFiles } from "./store-files.js";

export interface OpenSideFileOptions {
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly busyTimeoutMs: number;
  readonly clock: Clock;
}

/** What tells one side file from another. */
export interface SideFileKind {
  /** PRAGMA application_id: marks the file as ours. */
  readonly applicationId: number;
  /** Ends the message about a damaged file: "what was … before". */
  readonly loss: string;
}

/** `data/dockwarden.db`, `activity` → `data/dockwarden-activity.db`. */
export function sidePathOf(storePath: string, name: string): string {
  return `${storePath.replace(/\.db$/, "")}-${name}.db`;
}

/** An open connection to a file (0600) that is ours and up to date, or why there is none; throws nothing. */
export function openSideFile(
  options: OpenSideFileOptions,
  kind: SideFileKind,
): Result<Connection, StoreFault> {
  const { path } = options;
  let connection: Connection | null = null;
  try {
    const unsafe = findUnsafePlace(path);
    if (unsafe !== null) return err(unsafe);
    if (!existsSync(path)) createEmpty(path);
    connection = openConnection(path, options.busyTimeoutMs);
    const fault = prepare(connection, options, kind);
    tightenStoreFiles(path);
    if (fault === null) return ok(connection);
    connection.close();
    return err(fault);
  } catch (error) {
    connection?.close();
    return err(describeSideFileError(path, error, kind));
  }
}

/** Made by us, so that it is never open to others for a moment (THREATS M01). */
function createEmpty(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    // Another server on the same store was quicker: both use its file.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

function prepare(
  connection: Connection,
  options: OpenSideFileOptions,
  { applicationId }: SideFileKind,
): StoreFault | null {
  const { path, clock } = options;
  // What the disk has not yet got may be lost with the power; the policy's store never allows that.
  connection.pragma("synchronous = NORMAL");
  connection.pragma("secure_delete = OFF");
  // SQLite's usual 16 MB would fill up with pages that are read once; the system keeps the file in memory as well.
  connection.pragma("cache_size = -4000");
  const id: unknown = connection.pragma("application_id", { simple: true });
  const tables = connection.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (id !== applicationId && tables !== 0) {
    const message = `${path} is not a file of Dockwarden's; move it away, and the server makes a new one`;
    return { code: "foreign", message };
  }
  // Only where it isn't ours yet: writing would wait for whoever writes now.
  if (id !== applicationId) connection.pragma(`application_id = ${applicationId}`);
  const missing = findMissing(connection, readMigrations(options.migrationsDirectory));
  if (!missing.ok) return { ...missing.error, message: `${path}: ${missing.error.message}` };
  applyMigrations(connection, missing.value, clock);
  return null;
}

/** What an error of the file means, and what to do; the file is named, since it is not the store. */
export function describeSideFileError(
  path: string,
  error: unknown,
  { loss }: SideFileKind,
): StoreFault {
  if (!isSqliteError(error)) {
    const { code, message } = error as NodeJS.ErrnoException;
    return {
      code: "failed",
      message: `${path} can't be opened (${code ?? message}); check the folder and the file's owner`,
    };
  }
  if (error.code.startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB") {
    const message = `${path} is damaged; move it away, and the server makes a new one (${loss} is lost with it)`;
    return { code: "damaged", message };
  }
  if (error.code.startsWith("SQLITE_BUSY")) {
    return { code: "busy", message: `${path} is busy: another process is writing; try again` };
  }
  const trouble =
    findDiskTrouble(path) ?? `can't be used (${error.code}); check the disk and the owner`;
  return { code: "failed", message: `${path} ${trouble}` };
}
