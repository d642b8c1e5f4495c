// A whole, checked copy of a store that is in use; writers are not held up (THREATS H09).
import { closeSync, openSync, rmSync } from "node:fs";
import { StoreUnavailable } from "../../domain/ports.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import { isSqliteError, openConnection, translateError, type Connection } from "./connection.js";
import { readCredentialEpoch } from "./credential-epoch.js";
import { Database } from "./engine.js";
import { flush } from "./flush.js";
import { inspectStore } from "./inspect-store.js";
import { findUnsafePlace } from "./store-files.js";
import { findInterruptedRestore, holdStore } from "./store-lock.js";

export interface StoreCopy {
  /** Number of the newest migration. */
  readonly schema: number;
  readonly credentialEpoch: number;
}

/**
 * Copies the store at `path` into the new file `target` (0600, flushed): one moment of it, everything that was committed
 * before included. The copy is checked page by page. Leaves no `target` behind where it fails; `damaged` names the store.
 */
export function copyStore(
  path: string,
  target: string,
  busyTimeoutMs: number,
): Result<StoreCopy, StoreFault> {
  const fault = findInterruptedRestore(path) ?? inspectStore(path) ?? findUnsafePlace(path);
  if (fault !== null) return err(fault);
  const held = holdStore(path);
  if (!held.ok) return held;
  try {
    return copy(path, target, busyTimeoutMs);
  } catch (error) {
    rmSync(target, { force: true });
    return err(describeCopyError(path, error));
  } finally {
    held.value();
  }
}

function copy(path: string, target: string, busyTimeoutMs: number): Result<StoreCopy, StoreFault> {
  // SQLite follows links and opens for others to read; made by us it takes an empty file (THREATS M03).
  closeSync(openSync(target, "wx", 0o600));
  const connection = openConnection(path, busyTimeoutMs);
  try {
    // One read transaction: a copy by steps would begin anew whenever somebody writes.
    connection.prepare("VACUUM INTO ?").run(target);
  } finally {
    connection.close();
  }
  flush(target);
  const made = new Database(target, { readonly: true });
  try {
    const found = findDamage(made);
    if (found === null)
      return ok({ schema: readSchema(made), credentialEpoch: readCredentialEpoch(made) });
    rmSync(target, { force: true });
    const message = `the store at ${path} is damaged (${found}): a copy of it would be too; restore an earlier backup`;
    return err({ code: "damaged", message });
  } finally {
    made.close();
  }
}

/** Null, or the first thing that SQLite finds wrong in the whole file. */
export function findDamage(connection: Connection): string | null {
  const check: unknown = connection.pragma("integrity_check(1)", { simple: true });
  if (check !== "ok") return String(check);
  const broken = connection.pragma("foreign_key_check") as readonly { readonly table: string }[];
  return broken[0] === undefined ? null : `a row of ${broken[0].table} names one that is not there`;
}

function readSchema(connection: Connection): number {
  const newest = connection.prepare("SELECT max(number) FROM migration").pluck().get();
  return typeof newest === "number" ? newest : 0;
}

function describeCopyError(path: string, error: unknown): StoreFault {
  if (!isSqliteError(error)) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EROFS") {
      const why = `the file system of ${path} is read-only, and a copy is made beside the store; mount it for writing (EROFS)`;
      return { code: "failed", message: why };
    }
    return {
      code: "failed",
      message: `no copy of the store could be written beside ${path} (${code ?? message}); is there room for a second one?`,
    };
  }
  if (/^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code)) {
    const message = `the store at ${path} is damaged; restore an earlier backup`;
    return { code: "damaged", message };
  }
  if (/^SQLITE_(?:FULL|IOERR)/.test(error.code)) {
    const message = `the disk of ${path} has no room for a copy of the store, or fails (${error.code}); make room and try again`;
    return { code: "failed", message };
  }
  try {
    return translateError(error);
  } catch (translated) {
    if (!(translated instanceof StoreUnavailable)) throw translated;
    const code = translated.reason === "busy" ? "busy" : "failed";
    return { code, message: translated.message };
  }
}
