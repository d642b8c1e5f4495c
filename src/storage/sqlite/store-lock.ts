// Who uses the store, and is a restore replacing it? A shared lock for each user, an exclusive one for a restore (docs/decisions/0013).
import { closeSync, existsSync, lstatSync, openSync } from "node:fs";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import { isSqliteError, type Connection } from "./connection.js";
import { Database } from "./engine.js";

/** Gives the lock back; the kernel does the same when the process dies. */
export type Release = () => void;

/** Where nothing can be written, no restore can write either. */
const NOT_WRITABLE = ["EROFS", "EACCES", "EPERM", "ENOSPC", "EDQUOT"];
/** A command that is just ending may finish; a server does not. */
const RESTORE_WAIT_MILLISECONDS = 1000;

/** Lies there from the first to the last step of a restore that replaces files. */
export function restoreMarkerOf(path: string): string {
  return `${path}.restoring`;
}

/** Null, or that a restore was killed half-way: what lies there is neither the old nor the new installation. */
export function findInterruptedRestore(path: string): StoreFault | null {
  if (!existsSync(restoreMarkerOf(path))) return null;
  const message = `a restore of ${path} was interrupted: run the same dockwarden restore again, with --force; until then nothing starts on it`;
  return { code: "failed", message };
}

/** For everybody who opens the store, as long as it is open; any number at once. `busy`: a restore is replacing it. */
export function holdStore(path: string): Result<Release, StoreFault> {
  return hold(path, { begin: "BEGIN; SELECT count(*) FROM sqlite_master", waitMs: 0 }, () => ({
    code: "busy",
    message: "a restore is replacing the store; try again when it is done",
  }));
}

/** For a restore: nobody has the store open, and nobody can open it. `busy`: a server or a command uses it. */
export function holdStoreAlone(path: string): Result<Release, StoreFault> {
  return hold(path, { begin: "BEGIN EXCLUSIVE", waitMs: RESTORE_WAIT_MILLISECONDS }, () => ({
    code: "busy",
    message: `a server or a command uses the store at ${path}; stop it first (docker compose stop dockwarden, systemctl stop dockwarden or Ctrl-C), then restore again`,
  }));
}

function hold(
  path: string,
  lock: { readonly begin: string; readonly waitMs: number },
  describeBusy: () => StoreFault,
): Result<Release, StoreFault> {
  const file = `${path}.lock`;
  const fault = makeLockFile(file);
  if (fault !== null) return fault === "not-writable" ? ok(() => undefined) : err(fault);
  // NOTE nobody but SQLite may open this file: closing any descriptor of it drops the locks of the whole process.
  let connection: Connection | null = null;
  try {
    connection = new Database(file, { timeout: lock.waitMs, fileMustExist: true });
    connection.pragma("journal_mode = MEMORY"); // only locks are wanted, no files beside it
    connection.exec(lock.begin);
  } catch (error) {
    connection?.close();
    if (!isSqliteError(error)) throw error;
    if (error.code.startsWith("SQLITE_BUSY")) return err(describeBusy());
    const message = `${file} can't be locked (${error.code}); it must be an empty file of the store's owner: remove it while nothing runs`;
    return err({ code: "failed", message });
  }
  const held = connection;
  return ok(() => {
    held.close();
  });
}

/** Null where the file is there now. A planted link is not followed (THREATS M03). */
function makeLockFile(file: string): StoreFault | "not-writable" | null {
  try {
    closeSync(openSync(file, "wx", 0o600));
    return null;
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    if (NOT_WRITABLE.includes(code)) return "not-writable";
    if (code !== "EEXIST") throw error;
  }
  if (lstatSync(file).isFile()) return null;
  return { code: "insecure", message: `${file} is not a regular file; remove it` };
}
