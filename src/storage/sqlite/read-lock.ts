// Is an account locked for wrong passwords? A look into the file that counts them, for commands; it changes nothing.
import { existsSync } from "node:fs";
import type { Account } from "../../domain/account.js";
import type { GuessLock, SteadySeconds } from "../../domain/throttle.js";
import { Database } from "./engine.js";

interface LockRow {
  readonly locked_until: number;
  readonly lock_seconds: number;
  readonly is_shut: number;
}

/** `path`: guessesPathOf. Null: it is not locked, or nobody knows, since the file may be lost at any time. */
export function readLock(
  path: string,
  { id, unlockMark }: Pick<Account, "id" | "unlockMark">,
  now: SteadySeconds,
): GuessLock | null {
  if (!existsSync(path)) return null;
  try {
    const connection = new Database(path, { readonly: true, fileMustExist: true });
    try {
      const row = connection
        .prepare<[string], LockRow>(
          "SELECT locked_until, lock_seconds, is_shut FROM attempts WHERE subject = ?",
        )
        .get(`account:${id}:${unlockMark}`);
      return row === undefined ? null : toLock(row, now);
    } finally {
      connection.close();
    }
  } catch {
    return null; // damaged or locked: the server's health says so, and no command fails for it
  }
}

function toLock(row: LockRow, now: SteadySeconds): GuessLock | null {
  if (row.is_shut === 1) return { isShut: true, seconds: 0 };
  const seconds = row.locked_until - now;
  // Longer than the lock itself: from before the machine's start.
  return seconds > 0 && seconds <= row.lock_seconds ? { isShut: false, seconds } : null;
}
