// The file of wrong passwords beside the policy's store, and the same in memory for when there is no such file.
import { err, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Clock } from "../../domain/time.js";
import { isSqliteError, type Connection } from "./connection.js";
import { Database } from "./engine.js";
import { applyMigrations, findMissing, readMigrations } from "./migrate.js";
import { openSideFile, sidePathOf, type OpenSideFileOptions } from "./open-side-file.js";

/** "DWRG" */
const KIND = { applicationId: 0x44575247, loss: "what was counted of wrong passwords" } as const;

/** `data/dockwarden.db` → `data/dockwarden-guesses.db`. */
export function guessesPathOf(storePath: string): string {
  return sidePathOf(storePath, "guesses");
}

/**
 * An open connection to a file that is ours, whole, up to date and can be written, or why there is none; throws nothing.
 * `path`: guessesPathOf.
 */
export function openGuesses(options: OpenSideFileOptions): Result<Connection, StoreFault> {
  const opened = openSideFile(options, KIND);
  if (!opened.ok) return opened;
  const fault = findFault(opened.value, options.path);
  if (fault === null) return opened;
  opened.value.close();
  return err(fault);
}

function findFault(connection: Connection, path: string): StoreFault | null {
  const damage = `${path} is damaged; move it away, and the server makes a new one (${KIND.loss} is lost with it)`;
  try {
    if (connection.pragma("quick_check(1)", { simple: true }) !== "ok") {
      return { code: "damaged", message: damage };
    }
    // A disk that is full answers reads all the same.
    connection.exec("UPDATE attempts_count SET count = count");
    return null;
  } catch (error) {
    if (!isSqliteError(error)) throw error;
    if (error.code.startsWith("SQLITE_CORRUPT")) return { code: "damaged", message: damage };
    const message = `${path} can't be written (${error.code}); check the disk and the owner`;
    return { code: error.code.startsWith("SQLITE_BUSY") ? "busy" : "failed", message };
  }
}

/** The same tables in this process alone: what is counted in them ends with it. */
export function openGuessesInMemory(migrationsDirectory: string, clock: Clock): Connection {
  const connection = new Database(":memory:");
  const missing = findMissing(connection, readMigrations(migrationsDirectory));
  if (!missing.ok) throw new Error(missing.error.message);
  applyMigrations(connection, missing.value, clock);
  return connection;
}
