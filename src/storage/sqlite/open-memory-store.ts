// A store that lives in memory alone and is gone when it is closed: to try a policy on without an installation.
import type { Store } from "../../domain/ports.js";
import type { Clock } from "../../domain/time.js";
import { assembleStore } from "./assemble-store.js";
import { Database } from "./engine.js";
import { applyMigrations, findMissing, readMigrations } from "./migrate.js";

export interface MemoryStoreOptions {
  readonly migrationsDirectory: string;
  readonly clock: Clock;
}

/** An empty store of the newest schema; nothing is read or written but the migrations. */
export function openMemoryStore({ migrationsDirectory, clock }: MemoryStoreOptions): Store {
  const connection = new Database(":memory:");
  connection.pragma("foreign_keys = ON");
  connection.pragma("trusted_schema = OFF");
  const missing = findMissing(connection, readMigrations(migrationsDirectory));
  if (!missing.ok) throw new Error(missing.error.message);
  applyMigrations(connection, missing.value, clock);
  return assembleStore(connection, {
    actor: { name: "trial", isClaimed: false },
    clock,
    checkFile: () => undefined,
    release: () => undefined,
  });
}
