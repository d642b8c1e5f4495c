// Who uses the store, and is a restore replacing it? A shared lock for each user, an exclusive one for a restore (docs/decisions/0013).
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  statSync,
} from "node:fs";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import { isSqliteError, type Connection } from "./connection.js";
import { Database } from "./engine.js";

/** Gives the lock back; the kernel does the same when the process dies. */
export type Release = () => void;

/** Where nothing can be written, or no folder is, no restore is under way either; where others may not look, they open nothing. */
const OUT_OF_REACH = ["EROFS", "EACCES", "EPERM", "ENOSPC", "EDQUOT", "ENOENT"];
/** A command that is just ending may finish; a server does not. */
const RESTORE_WAIT_MILLISECONDS = 1000;
/** Whoever looks for a server holds the server's mark for a moment. */
const MARK_WAIT_MILLISECONDS = 200;
const LOOK_WAIT_MILLISECONDS = 20;

/** Lies there from the first to the last step of a restore that replaces files. */
export function restoreMarkerOf(path: string): string {
  return `${path}.restoring`;
}

/** Null, or that a restore was killed half-way: what lies there is neither the old nor the new installation. */
export function findInterruptedRestore(path: string): StoreFault | null {
  if (!existsSync(restoreMarkerOf(path))) return null;
  const message = `a restore of ${path} was interrupted, and nothing starts until it is done: run the same dockwarden restore again, with --force`;
  return { code: "failed", message };
}

/**
 * For everybody who opens the store, as long as it is open; any number at once. `busy`: a restore is replacing it. A server
 * (`isServer`) also holds the one place for a writer, by which `isStoreServed` knows it; a second server goes without.
 */
export function holdStore(path: string, isServer = false): Result<Release, StoreFault> {
  const file = makeLockFile(path);
  if (!file.ok) return OUT_OF_REACH.includes(file.error) ? ok(() => undefined) : err(unfit(path));
  const whyBusy = "a restore is replacing the store; try again when it is done";
  const marked = { begin: "BEGIN IMMEDIATE", waitMs: MARK_WAIT_MILLISECONDS };
  const held = isServer ? hold(file.value, marked, whyBusy) : null;
  if (held?.ok === true) return held;
  const shared = { begin: "BEGIN; SELECT count(*) FROM sqlite_master", waitMs: 0 };
  return hold(file.value, shared, whyBusy);
}

/** True where a server has the store open, wherever it listens; false where none has, or nobody can tell. Makes nothing. */
export function isStoreServed(path: string): boolean {
  const file = lockFileOf(path);
  if (lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const look = { begin: "BEGIN IMMEDIATE", waitMs: LOOK_WAIT_MILLISECONDS };
  const held = hold(file, look, "");
  if (held.ok) held.value();
  return !held.ok && held.error.code === "busy";
}

/** For a restore: nobody has the store open, and nobody can open it. `busy`: a server or a command uses it. */
export function holdStoreAlone(path: string): Result<Release, StoreFault> {
  const file = makeLockFile(path);
  if (!file.ok)
    return err(OUT_OF_REACH.includes(file.error) ? unmade(path, file.error) : unfit(path));
  const alone = { begin: "BEGIN EXCLUSIVE", waitMs: RESTORE_WAIT_MILLISECONDS };
  return hold(file.value, alone, describeUser(path));
}

/**
 * For who holds the store alone: null, or `busy` where somebody has it open all the same, because the lock's file was removed
 * under them and the one that is held now is another. SQLite's own lock on the store tells it: every connection has a share
 * in that as long as it is open. A store whose head is damaged can't be asked. NOTE what lies in the `-wal` of a store that
 * nobody has open moves into it, as when any connection ends.
 */
export function findStoreUser(path: string): StoreFault | null {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  // SQLite would take the `-wal` of an empty file away, before it looks for others.
  if (size === 0) return null;
  let connection: Connection | null = null;
  try {
    connection = new Database(path, {
      timeout: RESTORE_WAIT_MILLISECONDS,
      fileMustExist: true,
    });
    connection.pragma("locking_mode = EXCLUSIVE");
    connection.prepare("SELECT count(*) FROM sqlite_master").get();
    return null;
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    // Anything else is wrong with the store itself, which a restore is to mend.
    const isBusy = error.code.startsWith("SQLITE_BUSY");
    return isBusy ? { code: "busy", message: describeUser(path) } : null;
  } finally {
    connection?.close();
  }
}

function describeUser(path: string): string {
  return `a server or a command uses the store at ${path}; stop it first (docker compose stop dockwarden, systemctl stop dockwarden or Ctrl-C), then restore again`;
}

function hold(
  file: string,
  lock: { readonly begin: string; readonly waitMs: number },
  whyBusy: string,
): Result<Release, StoreFault> {
  // NOTE nobody but SQLite may open this file: closing any descriptor of it drops the locks of the whole process.
  let connection: Connection | null = null;
  try {
    connection = new Database(file, { timeout: lock.waitMs, fileMustExist: true });
    connection.pragma("journal_mode = MEMORY"); // only locks are wanted, no files beside it
    connection.exec(lock.begin);
  } catch (error) {
    connection?.close();
    if (!isSqliteError(error)) throw error;
    if (error.code.startsWith("SQLITE_BUSY")) return err({ code: "busy", message: whyBusy });
    const message = `${file} can't be locked (${error.code}); it must be an empty file of the store's owner: remove it while nothing runs`;
    return err({ code: "failed", message });
  }
  const held = connection;
  return ok(() => {
    held.close();
  });
}

const lockFileOf = (path: string): string => `${path}.lock`;

/** The file, there now and open to this user; else the system's code, or `odd`. A planted link is not followed (THREATS M03). */
function makeLockFile(path: string): Result<string, string> {
  const file = lockFileOf(path);
  try {
    closeSync(openSync(file, "wx", 0o600));
    return ok(file);
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    if (OUT_OF_REACH.includes(code)) return err(code);
    if (code !== "EEXIST") throw error;
  }
  if (!lstatSync(file).isFile()) return err("odd");
  try {
    accessSync(file, constants.R_OK);
    return ok(file);
  } catch (error) {
    return err((error as NodeJS.ErrnoException).code ?? "unknown");
  }
}

function unfit(path: string): StoreFault {
  return { code: "insecure", message: `${lockFileOf(path)} is not a regular file; remove it` };
}

function unmade(path: string, code: string): StoreFault {
  const message = `${lockFileOf(path)} can't be used (${code}): without it a server could start meanwhile; make room there, or run this as the owner of the store`;
  return { code: "failed", message };
}
