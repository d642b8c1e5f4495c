// `dockwarden restore`: opens a backup, checks it whole, and hands it on to be installed; nothing is changed before that.
import { closeSync, createWriteStream, existsSync, openSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { findActor } from "./actor.js";
import { giveWay } from "./backup/backup-file.js";
import { BadBackup } from "./backup/bad-backup.js";
import { KEYS_FOLDER, STORE_NAME, type Manifest } from "./backup/manifest.js";
import {
  extractMember,
  openArchive,
  readMember,
  verifyArchive,
  type Archive,
} from "./backup/read-archive.js";
import type { LoadedConfig } from "./config/load-config.js";
import type { RingKey } from "./crypto/ring.js";
import { err, ok, type Result } from "./domain/result.js";
import { installBackup, type Installed } from "./install-backup.js";
import { becomeStoreOwner, packageRoot, systemClock } from "./open-parts.js";
import { takeRestorePlace, takeScratchPlace, type RestorePlace } from "./restore-place.js";
import { keyFault, storeFault, type StartFault } from "./start-fault.js";
import { NO_FLOOR } from "./storage/sqlite/restore-floor.js";
import { prepareRestored } from "./storage/sqlite/restore-store.js";
import { restoreMarkerOf } from "./storage/sqlite/store-lock.js";

export interface RestoreOrder {
  /** A file, or the bytes themselves. */
  readonly source: string | NodeJS.ReadableStream;
  /** A store that is there is replaced, and kept aside. */
  readonly mayReplace: boolean;
  /** Only checks; changes nothing, and works below TMPDIR alone. */
  readonly isDryRun: boolean;
  /** What is done now, in words. */
  readonly onProgress?: (doing: string) => void;
  /** Ends the restore early, with nothing left behind; between two acts, and not after the first change. */
  readonly signal?: AbortSignal;
}

export interface Restored {
  readonly manifest: Manifest;
  /** Null after a dry run. */
  readonly installed: Installed | null;
}

/** Refuses (1) what is no whole backup, a store that is there, a server that runs; each time nothing was changed. */
export async function restoreBackup(
  loaded: LoadedConfig,
  order: RestoreOrder,
): Promise<Result<Restored, StartFault>> {
  const { path } = loaded.config.storage;
  // Opened before the process may become the store's owner, who may not read it.
  const file = typeof order.source === "string" ? openSource(order.source) : ok(null);
  if (!file.ok) return file;
  let place: RestorePlace | null = null;
  let descriptor = file.value;
  try {
    const unreadable = becomeStoreOwner(path);
    if (unreadable !== null) return err(unreadable);
    const taken = order.isDryRun ? takeScratchPlace() : takeRestorePlace(path, order.mayReplace);
    if (!taken.ok) return taken;
    place = taken.value;
    const { folder, release } = place;
    if (typeof order.source !== "string") {
      order.onProgress?.("reading standard input");
      descriptor = await store(order.source, join(folder, "backup.tar"), order.signal);
    }
    order.onProgress?.("checking the backup");
    await giveWay(order.signal);
    const archive = openArchive(descriptor ?? -1);
    verifyArchive(archive);
    const keys = await readKeys(archive);
    if (!keys.ok) return keys;
    await giveWay(order.signal);
    const { manifest } = archive;
    if (order.isDryRun) {
      order.onProgress?.("checking the store in it");
      const fault = await examineStore(archive, folder, order.signal);
      return fault === null ? ok({ manifest, installed: null }) : err(fault);
    }
    order.onProgress?.("putting it in place");
    const { signal } = order;
    const prepared = { archive, keys: keys.value, staging: folder, release, signal };
    const installed = await installBackup(loaded, prepared);
    return installed.ok ? ok({ manifest, installed: installed.value }) : installed;
  } catch (error) {
    return err(describeFailure(path, order, error));
  } finally {
    if (descriptor !== null) closeSync(descriptor);
    if (place !== null) rmSync(place.folder, { recursive: true, force: true });
    place?.release();
  }
}

function openSource(path: string): Result<number, StartFault> {
  const file = resolve(path);
  try {
    // Looked at before it is opened: opening a pipe would wait for ever.
    if (statSync(file).isFile()) return ok(openSync(file, "r"));
  } catch (error) {
    const { code = "unknown" } = error as NodeJS.ErrnoException;
    return err({
      exitCode: 3,
      message: `${file} can't be read (${code}); check the path and its modes`,
    });
  }
  const message = `${file} is not a regular file; give a stream on standard input: … | dockwarden restore -`;
  return err({ exitCode: 1, message });
}

/** What would make a restore refuse the store of the backup, found on a copy in `folder`; null where nothing would. */
async function examineStore(
  archive: Archive,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<StartFault | null> {
  const staged = join(folder, "store.db");
  extractMember(archive, STORE_NAME, staged);
  await giveWay(signal);
  const prepared = prepareRestored(staged, {
    migrationsDirectory: join(packageRoot, "migrations"),
    clock: systemClock,
    backupTakenAt: archive.manifest.takenAt,
    floor: NO_FLOOR,
    hasKeys: archive.manifest.hasKeys,
    actor: findActor(),
  });
  await giveWay(signal);
  return prepared.ok ? null : { ...storeFault(prepared.error), exitCode: 1 };
}

async function store(
  source: NodeJS.ReadableStream,
  target: string,
  signal: AbortSignal | undefined,
): Promise<number> {
  const file = createWriteStream(target, { flags: "wx", mode: 0o600 });
  await pipeline(source, file, signal === undefined ? {} : { signal });
  return openSync(target, "r");
}

/** Null where the backup was made without. */
async function readKeys(archive: Archive): Promise<Result<readonly RingKey[] | null, StartFault>> {
  if (!archive.manifest.hasKeys) return ok(null);
  const { parseRingFiles } = await import("./crypto/ring-backup.js");
  const names = archive.manifest.members.map(({ name }) => name);
  const files = names
    .filter((name) => name.startsWith(KEYS_FOLDER))
    .map((name) => [name.slice(KEYS_FOLDER.length), readMember(archive, name) ?? ""] as const);
  const keys = parseRingFiles(new Map(files));
  return keys.ok ? keys : err({ ...keyFault(keys.error), exitCode: 1 });
}

function describeFailure(path: string, order: RestoreOrder, error: unknown): StartFault {
  const { code, message, name } = error as NodeJS.ErrnoException;
  if (error instanceof BadBackup) {
    const source = typeof order.source === "string" ? order.source : "standard input";
    const why = `${source} can't be restored: ${message}; nothing was changed; take another backup`;
    return { exitCode: 1, message: why };
  }
  const isFull = code === "ENOSPC" || code === "EDQUOT";
  if (order.isDryRun) {
    const what = name === "AbortError" ? "was ended early" : `failed (${code ?? message})`;
    const hint = isFull
      ? `; make room in ${tmpdir()}, or set TMPDIR to a folder with more, for the backup and the store in it`
      : "";
    return { exitCode: 3, message: `the check ${what}${hint}; nothing was changed` };
  }
  const isBegun = existsSync(restoreMarkerOf(path));
  const state = isBegun
    ? "it was interrupted half-way: mend this and run the same command again with --force; until then nothing starts"
    : "nothing was changed";
  if (name === "AbortError") {
    return { exitCode: 3, message: `the restore was ended early; ${state}` };
  }
  const hint = isFull ? "; make room for two more copies of the store" : "";
  return { exitCode: 3, message: `the restore failed (${code ?? message})${hint}; ${state}` };
}
