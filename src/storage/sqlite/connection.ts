// One connection to the store's file with the pragmas of THREATS §4; turns SQLite's errors into the port's.
import { setTimeout as sleep } from "node:timers/promises";
import type SqliteDatabase from "better-sqlite3";
import { StoreUnavailable } from "../../domain/ports.js";
import { Database } from "./engine.js";

export type Connection = SqliteDatabase.Database;

/** "DWRD": marks the file as ours (PRAGMA application_id). */
export const APPLICATION_ID = 0x44575244;

/** The first release without the WAL-reset corruption bug (THREATS finding 10). */
const SQLITE_VERSION_MIN = [3, 51, 3] as const;

/** Opens for reading and writing; throws better-sqlite3's SqliteError. */
export function openConnection(path: string, busyTimeoutMs: number): Connection {
  const connection = new Database(path, { timeout: busyTimeoutMs, fileMustExist: true });
  try {
    connection.pragma("journal_mode = WAL");
    // NOTE: switching to WAL resets it to NORMAL on every open, and then a commit can be lost (finding 9).
    connection.pragma("synchronous = FULL");
    connection.pragma("foreign_keys = ON");
    connection.pragma("trusted_schema = OFF");
    connection.pragma("cell_size_check = ON");
    connection.pragma("journal_size_limit = 67108864");
    connection.pragma("secure_delete = ON");
    const synchronous: unknown = connection.pragma("synchronous", { simple: true });
    if (synchronous !== 2) throw new Error("SQLite did not accept synchronous=FULL");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** Null, or the version of the linked SQLite when it is too old. */
export function findOldSqlite(connection: Connection): string | null {
  const version = connection.prepare("SELECT sqlite_version()").pluck().get() as string;
  const parts = version.split(".").map(Number);
  for (const [index, least] of SQLITE_VERSION_MIN.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least ? null : version;
  }
  return null;
}

/** True for errors that SQLite itself raised. */
export function isSqliteError(error: unknown): error is Error & { readonly code: string } {
  // By name: a process that loaded the module twice has two such classes.
  return (
    typeof error === "object" && error !== null && "name" in error && error.name === "SqliteError"
  );
}

const BUSY = "the store is busy: another process is writing; try again";

/** `SQLITE_BUSY…` → StoreUnavailable "busy", and so on; anything that isn't SQLite's is thrown as it is. */
export function translateError(error: unknown): never {
  if (!isSqliteError(error)) throw error;
  if (error.code.startsWith("SQLITE_CONSTRAINT")) throw error;
  if (error.code.startsWith("SQLITE_BUSY") || error.code.startsWith("SQLITE_LOCKED")) {
    throw new StoreUnavailable("busy", BUSY, error);
  }
  if (error.code === "SQLITE_FULL") {
    throw new StoreUnavailable("full", "the disk of the store is full; make room", error);
  }
  if (error.code.startsWith("SQLITE_READONLY")) {
    const message = "the store can't be written: it is read-only; check its owner and the mount";
    throw new StoreUnavailable("read-only", message, error);
  }
  throw new StoreUnavailable(
    "failed",
    `the store failed (${error.code}); run dockwarden doctor`,
    error,
  );
}

const prepared = new WeakMap<Connection, Map<string, SqliteDatabase.Statement>>();

/** The statement of that text, made once a connection: for acts that are repeated ten thousand times. Every caller of a text must want the same (plucked or not). */
export function prepareOnce(connection: Connection, sql: string): SqliteDatabase.Statement {
  let statements = prepared.get(connection);
  if (statements === undefined) {
    statements = new Map();
    prepared.set(connection, statements);
  }
  let statement = statements.get(sql);
  if (statement === undefined) {
    statement = connection.prepare(sql);
    statements.set(sql, statement);
  }
  return statement;
}

/** Runs a read or a single statement, with errors translated: throws StoreUnavailable. */
export function run<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    return translateError(error);
  }
}

/** Between two tries for the write lock. */
const TRY_MILLISECONDS = 20;

/**
 * Runs a whole act in one write transaction. A refusal (`ok: false`) rolls back, so that a refused act changes nothing. The
 * first try is made before it returns; while another process writes, the thread does other work.
 */
export async function write<T extends { readonly ok: boolean }>(
  connection: Connection,
  act: () => T,
): Promise<T> {
  try {
    if (!tryBegin(connection)) await begin(connection);
    let result: T;
    try {
      result = act();
    } catch (error) {
      if (connection.inTransaction) connection.exec("ROLLBACK");
      throw error;
    }
    connection.exec(result.ok ? "COMMIT" : "ROLLBACK");
    return result;
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    return translateError(error);
  }
}

/** False: another process holds the write lock. Never waits for it: SQLite would sleep, and nobody else be answered. */
function tryBegin(connection: Connection): boolean {
  const patience = readPatience(connection);
  connection.pragma("busy_timeout = 0");
  try {
    connection.exec("BEGIN IMMEDIATE");
    return true;
  } catch (error) {
    if (isSqliteError(error) && error.code.startsWith("SQLITE_BUSY")) return false;
    throw error;
  } finally {
    connection.pragma(`busy_timeout = ${patience}`);
  }
}

/** Tries again and again for as long as the connection was opened to wait. */
async function begin(connection: Connection): Promise<void> {
  const tries = Math.ceil(readPatience(connection) / TRY_MILLISECONDS);
  for (let left = tries; left > 0; left -= 1) {
    await sleep(TRY_MILLISECONDS);
    if (!connection.open) throw new StoreUnavailable("failed", "the store was closed meanwhile");
    if (tryBegin(connection)) return;
  }
  throw new StoreUnavailable("busy", BUSY);
}

const readPatience = (connection: Connection): number =>
  Number(connection.pragma("busy_timeout", { simple: true }));
