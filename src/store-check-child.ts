// The program of the process that looks through a large store: `node store-check-child.js PATH` answers by its exit code alone.
import { setPriority } from "node:os";
import { isSqliteError } from "./storage/sqlite/connection.js";
import { checkStoreFile } from "./storage/sqlite/store-check.js";
import { CHECK_EXITS } from "./store-check-run.js";

/** Signing in goes first where both want the processor. */
const NICENESS = 10;
const BUSY_MILLISECONDS = 5000;

const [, , path = ""] = process.argv;
try {
  setPriority(NICENESS);
} catch {
  // A system that has no priorities.
}
process.exitCode = check();

function check(): number {
  try {
    return checkStoreFile(path, BUSY_MILLISECONDS) ? CHECK_EXITS.whole : CHECK_EXITS.damaged;
  } catch (error) {
    const isDamage =
      isSqliteError(error) && /^SQLITE_(?:CORRUPT|NOTADB)/.test((error as { code: string }).code);
    if (isDamage) return CHECK_EXITS.damaged;
    process.stderr.write(error instanceof Error ? error.message : String(error));
    return CHECK_EXITS.unknown;
  }
}
