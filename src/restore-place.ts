// Where a backup is made ready: for a restore beside the store with everybody else kept out, for a dry run below TMPDIR.
import { existsSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namePassing, removeAbandonedFolders } from "./backup/passing-files.js";
import { err, ok, type Result } from "./domain/result.js";
import { storeFault, type StartFault } from "./start-fault.js";
import { makeStaging } from "./storage/sqlite/staging.js";
import { prepareStoreFolder } from "./storage/sqlite/store-files.js";
import {
  findStoreUser,
  holdStoreAlone,
  restoreMarkerOf,
  type Release,
} from "./storage/sqlite/store-lock.js";

/** A private folder; whoever takes it removes it, and then gives the lock back. */
export interface RestorePlace {
  readonly folder: string;
  readonly release: Release;
}

const SCRATCH_PREFIX = "dockwarden-check-";

/** The store's folder, the permission to replace what is there, and the lock that keeps servers and commands out. */
export function takeRestorePlace(
  path: string,
  mayReplace: boolean,
): Result<RestorePlace, StartFault> {
  removeAbandonedFolders(tmpdir(), SCRATCH_PREFIX);
  const unsafe = prepareStoreFolder(path);
  if (unsafe !== null) return err(storeFault(unsafe));
  const held = holdStoreAlone(path);
  if (!held.ok) {
    const isBusy = held.error.code === "busy";
    return err(isBusy ? { exitCode: 1, message: held.error.message } : storeFault(held.error));
  }
  const release = held.value;
  const message = findHindrance(path, mayReplace);
  if (message !== null) {
    release();
    return err({ exitCode: 1, message });
  }
  try {
    return ok({ folder: makeStaging(path), release });
  } catch (error) {
    release();
    throw error;
  }
}

/** Null where what lies there may be replaced. */
function findHindrance(path: string, mayReplace: boolean): string | null {
  const isThere = existsSync(path) || existsSync(restoreMarkerOf(path));
  if (!isThere) return null;
  if (mayReplace) return findStoreUser(path)?.message ?? null;
  return `there is a store at ${path}; with --force it is replaced, and kept beside it under another name`;
}

/** A dry run touches nothing of the installation, which may be read-only or not there at all. */
export function takeScratchPlace(): Result<RestorePlace, StartFault> {
  removeAbandonedFolders(tmpdir(), SCRATCH_PREFIX);
  const folder = join(tmpdir(), namePassing(SCRATCH_PREFIX));
  try {
    // Fails where something has this name already, whatever it is.
    mkdirSync(folder, { mode: 0o700 });
    return ok({ folder, release: () => undefined });
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    const user = process.geteuid?.() ?? "unknown";
    const message = `the backup can't be unpacked below ${tmpdir()} by user id ${user} (${code}); set TMPDIR to a folder that this user may write, with room for the backup and the store in it`;
    return err({ exitCode: 3, message });
  }
}
