// Opens the SQLite store (or makes it, whole or not at all) and puts its parts together.
import { randomBytes } from "node:crypto";
import { chmodSync, linkSync, rmSync } from "node:fs";
import type { Store } from "../../domain/ports.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Actor, NewChange } from "../../domain/change.js";
import {
  APPLICATION_ID,
  findOldSqlite,
  isSqliteError,
  openConnection,
  type Connection,
} from "./connection.js";
import { assembleStore } from "./assemble-store.js";
import { findDiskTrouble } from "./disk-trouble.js";
import { Database } from "./engine.js";
import { watchFile } from "./file-watch.js";
import { inspectStore } from "./inspect-store.js";
import {
  applyMigrations,
  copyBefore,
  findMissing,
  readMigrations,
  type MigrateOptions,
} from "./migrate.js";
import { isCheckedElsewhere, isWhole } from "./store-check.js";
import { findInterruptedRestore, holdStore, type Release } from "./store-lock.js";
import { findUnsafePlace, prepareStoreFolder, tightenStoreFiles } from "./store-files.js";

export interface OpenStoreOptions extends MigrateOptions {
  /** `create`: a missing store is made. */
  readonly mode: "create" | "existing";
  /** `apply`: an older store is brought up, after a copy. */
  readonly migrate: "apply" | "refuse";
  /** Who is said to have made the changes of this connection. */
  readonly actor: Actor;
  /** Told of each of them, before it is committed. */
  readonly onChange?: (change: NewChange) => void;
  /** Known to others as long as it is open (`isStoreServed`). */
  readonly isServer?: boolean;
  /** A large store (`isLargeStore`) is looked through after it is open, by whoever says so. */
  readonly isCheckedLater?: boolean;
}

export type OpenedStore = Store & { readonly schemaVersion: number };

/** Answers an open store, or why it can't be used; a refusal has changed nothing. */
export async function openStore(
  options: OpenStoreOptions,
): Promise<Result<OpenedStore, StoreFault>> {
  const { path } = options;
  try {
    const isNew = options.mode === "create" && inspectStore(path)?.code === "missing";
    const unfit = isNew ? prepareStoreFolder(path) : (inspectStore(path) ?? findUnsafePlace(path));
    // Said first: a store that a restore has moved away for a moment is not missing.
    const fault = findInterruptedRestore(path) ?? unfit;
    if (fault !== null) return err(fault);
    const held = holdStore(path, options.isServer);
    if (!held.ok) return held;
    return openHeld(options, isNew, held.value);
  } catch (error) {
    return err(describeOpenError(path, error));
  }
}

/** With the lock held nothing is replaced any more: what a restore did before is looked at once more. */
function openHeld(
  options: OpenStoreOptions,
  isNew: boolean,
  release: Release,
): Result<OpenedStore, StoreFault> {
  let isOpen = false;
  try {
    const interrupted = findInterruptedRestore(options.path);
    if (interrupted !== null) return err(interrupted);
    if (isNew) createStoreFile(options);
    const fault = inspectStore(options.path) ?? findUnsafePlace(options.path);
    if (fault !== null) return err(fault);
    const opened = openExisting(options, release);
    isOpen = opened.ok;
    return opened;
  } finally {
    if (!isOpen) release();
  }
}

function openExisting(
  options: OpenStoreOptions,
  release: Release,
): Result<OpenedStore, StoreFault> {
  const connection = openConnection(options.path, options.busyTimeoutMs);
  let opened: Result<OpenedStore, StoreFault> | null = null;
  try {
    opened = checkAndMigrate(connection, options, release);
    tightenStoreFiles(options.path);
    return opened;
  } finally {
    if (opened?.ok !== true) connection.close();
  }
}

function checkAndMigrate(
  connection: Connection,
  options: OpenStoreOptions,
  release: Release,
): Result<OpenedStore, StoreFault> {
  const old = findOldSqlite(connection);
  if (old !== null) {
    const message = `SQLite ${old} has a bug that damages stores; 3.51.3 or later is needed: run npm ci`;
    return err({ code: "unsupported", message });
  }
  const isElsewhere = isCheckedElsewhere(options.path, options.isCheckedLater ?? false);
  if (!isElsewhere && !isWhole(connection)) return err(damaged(options.path));
  const migrations = readMigrations(options.migrationsDirectory);
  const missing = findMissing(connection, migrations);
  if (!missing.ok) return missing;
  const [next] = missing.value;
  if (next !== undefined) {
    if (options.migrate === "refuse") {
      const message = `the store is older than this program (before ${next.name}); run dockwarden migrate`;
      return err({ code: "older", message });
    }
    // What is rewritten has to be whole first, and a copy that an upgrade may have to go back to.
    if (isElsewhere && !isWhole(connection)) return err(damaged(options.path));
    copyBefore(connection, options, next);
    applyMigrations(connection, missing.value, options.clock);
  }
  const checkFile = watchFile(options.path);
  return ok({
    ...assembleStore(connection, { ...options, checkFile, release }),
    schemaVersion: migrations.length,
  });
}

/** Made whole under another name and linked into place, so that a kill leaves none or a complete one. */
function createStoreFile(options: OpenStoreOptions): void {
  const draft = `${options.path}.new-${randomBytes(6).toString("hex")}`;
  const connection = new Database(draft);
  try {
    chmodSync(draft, 0o600);
    connection.pragma(`application_id = ${APPLICATION_ID}`);
    const missing = findMissing(connection, readMigrations(options.migrationsDirectory));
    if (missing.ok) applyMigrations(connection, missing.value, options.clock);
    connection.close();
    linkSync(draft, options.path);
  } catch (error) {
    // Another process that starts on the same empty folder was quicker: its store is the one.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    connection.close();
    for (const suffix of ["", "-journal"]) rmSync(`${draft}${suffix}`, { force: true });
  }
}

function damaged(path: string): StoreFault {
  const message = `${path} is damaged; stop everything that uses it and restore a backup: dockwarden restore FILE --force`;
  return { code: "damaged", message };
}

function describeOpenError(path: string, error: unknown): StoreFault {
  const trouble = findDiskTrouble(path);
  if (!isSqliteError(error)) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    const isDisk = trouble !== null && ["EROFS", "ENOSPC", "EDQUOT"].includes(code);
    const why = isDisk
      ? trouble
      : `can't be opened (${code === "" ? message : code}); check the path and its owner`;
    return { code: "failed", message: `the store at ${path} ${why}` };
  }
  if (error.code.startsWith("SQLITE_BUSY")) {
    return { code: "busy", message: "the store is busy: another process is writing; try again" };
  }
  if (error.code.startsWith("SQLITE_CORRUPT") || error.code === "SQLITE_NOTADB") {
    return damaged(path);
  }
  if (trouble !== null) return { code: "failed", message: `the store at ${path} ${trouble}` };
  return {
    code: "failed",
    message: `the store at ${path} can't be opened (${error.code}); check the disk and the file's owner`,
  };
}
