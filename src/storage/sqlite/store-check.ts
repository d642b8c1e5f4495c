// Is the store whole? A small one is looked through whenever it is opened, a large one by a process of its own.
import { statSync } from "node:fs";
import type { Connection } from "./connection.js";
import { Database } from "./engine.js";
import { isStoreServed } from "./store-lock.js";

/** Looked through in a tenth of a second; ten times that takes a second of the one thread. */
const LARGE_BYTES = 16 * 1024 * 1024;

/** True where looking through it would hold up whoever opens it. */
export function isLargeStore(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > LARGE_BYTES;
}

/**
 * True where somebody else looks through the store: a server has a large one checked beside its work (store-check-run.ts), and
 * while one runs, commands on a large store need not do it again.
 */
export function isCheckedElsewhere(path: string, isCheckedLater: boolean): boolean {
  return isLargeStore(path) && (isCheckedLater || isStoreServed(path));
}

/** Every page and row, but not whether the indexes agree with their tables. */
export function isWhole(connection: Connection): boolean {
  const isOk = connection.pragma("quick_check(1)", { simple: true }) === "ok";
  // All pages went through the connection's cache, megabytes of them: few will be asked for.
  connection.pragma("shrink_memory");
  return isOk;
}

/** As `isWhole`, on a connection of its own that changes nothing; throws SqliteError. */
export function checkStoreFile(path: string, busyTimeoutMs: number): boolean {
  const connection = new Database(path, {
    readonly: true,
    fileMustExist: true,
    timeout: busyTimeoutMs,
  });
  try {
    connection.pragma("cell_size_check = ON");
    return isWhole(connection);
  } finally {
    connection.close();
  }
}
