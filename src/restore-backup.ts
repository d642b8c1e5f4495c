// `dockwarden restore`: opens a backup, checks it whole, and hands it on to be installed; nothing is changed before that.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  createWriteStream,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { findActor } from "./actor.js";
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
import { keyFault, storeFault, type StartFault } from "./start-fault.js";
import { NO_FLOOR } from "./storage/sqlite/restore-floor.js";
import { prepareRestored } from "./storage/sqlite/restore-store.js";
import { prepareStoreFolder } from "./storage/sqlite/store-files.js";
import {
  findStoreUser,
  holdStoreAlone,
  restoreMarkerOf,
  type Release,
} from "./storage/sqlite/store-lock.js";

export interface RestoreOrder {
  /** A file, or the bytes themselves. */
  readonly source: string | NodeJS.ReadableStream;
  /** A store that is there is replaced, and kept aside. */
  readonly mayReplace: boolean;
  /** Only checks; changes nothing. */
  readonly isDryRun: boolean;
  /** What is done now, in words. */
  readonly onProgress?: (doing: string) => void;
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
  const name = typeof order.source === "string" ? order.source : "standard input";
  // Opened before the process may become the store's owner, who may not read it.
  const file = typeof order.source === "string" ? openSource(order.source) : ok(null);
  if (!file.ok) return file;
  let staging: string | null = null;
  let release: Release = () => undefined;
  let descriptor = file.value;
  try {
    const unreadable = becomeStoreOwner(path);
    if (unreadable !== null) return err(unreadable);
    const ready = order.isDryRun ? ok(release) : makeReady(path, order.mayReplace);
    if (!ready.ok) return ready;
    release = ready.value;
    if (!order.isDryRun || typeof order.source !== "string") staging = makeStaging(path);
    if (typeof order.source !== "string" && staging !== null) {
      order.onProgress?.("reading standard input");
      descriptor = await store(order.source, join(staging, "backup.tar"));
    }
    order.onProgress?.("checking the backup");
    const archive = openArchive(descriptor ?? -1);
    verifyArchive(archive);
    const keys = await readKeys(archive);
    if (!keys.ok) return keys;
    const { manifest } = archive;
    if (order.isDryRun || staging === null) {
      order.onProgress?.("checking the store in it");
      const fault = examineStore(archive);
      return fault === null ? ok({ manifest, installed: null }) : err(fault);
    }
    order.onProgress?.("putting it in place");
    const installed = await installBackup(loaded, { archive, keys: keys.value, staging, release });
    return installed.ok ? ok({ manifest, installed: installed.value }) : installed;
  } catch (error) {
    return err(describeFailure(path, name, error));
  } finally {
    if (descriptor !== null) closeSync(descriptor);
    if (staging !== null) rmSync(staging, { recursive: true, force: true });
    release();
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

/** What would make a restore refuse the store of the backup, found on a copy in a private folder; null where nothing would. */
function examineStore(archive: Archive): StartFault | null {
  const folder = mkdtempSync(join(tmpdir(), "dockwarden-"));
  try {
    const staged = join(folder, "store.db");
    extractMember(archive, STORE_NAME, staged);
    const prepared = prepareRestored(staged, {
      migrationsDirectory: join(packageRoot, "migrations"),
      clock: systemClock,
      backupTakenAt: archive.manifest.takenAt,
      floor: NO_FLOOR,
      hasKeys: archive.manifest.hasKeys,
      actor: findActor(),
    });
    return prepared.ok ? null : { ...storeFault(prepared.error), exitCode: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Folder, permission to replace, and the lock that keeps servers and commands out. */
function makeReady(path: string, mayReplace: boolean): Result<Release, StartFault> {
  const unsafe = prepareStoreFolder(path);
  if (unsafe !== null) return err(storeFault(unsafe));
  const held = holdStoreAlone(path);
  if (!held.ok) {
    const isBusy = held.error.code === "busy";
    return err(isBusy ? { exitCode: 1, message: held.error.message } : storeFault(held.error));
  }
  const message = findHindrance(path, mayReplace);
  if (message === null) return held;
  held.value();
  return err({ exitCode: 1, message });
}

/** Null where what lies there may be replaced. */
function findHindrance(path: string, mayReplace: boolean): string | null {
  const isThere = existsSync(path) || existsSync(restoreMarkerOf(path));
  if (!isThere) return null;
  if (mayReplace) return findStoreUser(path)?.message ?? null;
  return `there is a store at ${path}; with --force it is replaced, and kept beside it under another name`;
}

/** A private folder beside the store; with the lock held, what earlier restores left is removed. */
function makeStaging(path: string): string {
  const folder = dirname(path);
  const prefix = `${basename(path)}.staging-`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const staging = join(folder, `${prefix}${randomBytes(6).toString("hex")}`);
  for (const name of readdirSync(folder).filter((one) => one.startsWith(prefix))) {
    const isFolder = lstatSync(join(folder, name)).isDirectory();
    if (isFolder) rmSync(join(folder, name), { recursive: true, force: true });
  }
  mkdirSync(staging, { mode: 0o700 });
  return staging;
}

async function store(source: NodeJS.ReadableStream, target: string): Promise<number> {
  await pipeline(source, createWriteStream(target, { flags: "wx", mode: 0o600 }));
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

function describeFailure(path: string, name: string, error: unknown): StartFault {
  const { code, message } = error as NodeJS.ErrnoException;
  if (error instanceof BadBackup) {
    const why = `${name} can't be restored: ${message}; nothing was changed; take another backup`;
    return { exitCode: 1, message: why };
  }
  const isBegun = existsSync(restoreMarkerOf(path));
  const state = isBegun
    ? "it was interrupted half-way: mend this and run the same command again with --force; until then nothing starts"
    : "nothing was changed";
  const hint =
    code === "ENOSPC" || code === "EDQUOT" ? "; make room for two more copies of the store" : "";
  return { exitCode: 3, message: `the restore failed (${code ?? message})${hint}; ${state}` };
}
