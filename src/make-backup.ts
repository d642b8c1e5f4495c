// `dockwarden backup`: a checked copy of the store with keys, trust files and configuration, as one file or one stream.
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve, sep } from "node:path";
import { findOccupied, giveWay, writeBackupFile } from "./backup/backup-file.js";
import { BadBackup } from "./backup/bad-backup.js";
import {
  CONFIG_NAME,
  KEYS_FOLDER,
  SETTINGS_NAME,
  STORE_NAME,
  TRUST_FOLDER,
  type Manifest,
} from "./backup/manifest.js";
import { namePassing, removeAbandoned, removePassing } from "./backup/passing-files.js";
import { archivePieces, describeArchive, type Source } from "./backup/write-archive.js";
import { SECRET_KEYS } from "./config/keys.js";
import type { LoadedConfig } from "./config/load-config.js";
import { printConfig } from "./config/print-config.js";
import { err, ok, type Result } from "./domain/result.js";
import { becomeStoreOwner, CLI_BUSY_MILLISECONDS, packageRoot, systemClock } from "./open-parts.js";
import { keyFault, storeFault, type StartFault } from "./start-fault.js";
import { copyStore } from "./storage/sqlite/copy-store.js";

export interface BackupOrder {
  /** Where to; or a stream that takes the bytes and answers when all are gone. */
  readonly target: string | ((pieces: Iterable<Buffer>) => Promise<void>);
  readonly withKeys: boolean;
  /** An earlier backup of the same name may be replaced. */
  readonly mayReplace: boolean;
  /** What is done now, in words; called often. */
  readonly onProgress?: (doing: string) => void;
  /** Ends the backup early, with nothing left behind; between two acts, not within the copying of the store. */
  readonly signal?: AbortSignal;
}

export interface Backup {
  /** Absolute; null for a stream. */
  readonly file: string | null;
  readonly manifest: Manifest;
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** Files of the trust folder; they name no secret. */
const TRUST_FILES = ["token-ca.pem", "jwks.json"];

/** Takes a backup while the server works. What fails leaves no file behind and has changed nothing. */
export async function makeBackup(
  loaded: LoadedConfig,
  order: BackupOrder,
): Promise<Result<Backup, StartFault>> {
  const { storage } = loaded.config;
  const target = typeof order.target === "string" ? resolve(order.target) : null;
  // Read before the process may become the store's owner, who may not read it.
  const configured = readConfiguration(loaded, order.withKeys);
  const unreadable = becomeStoreOwner(storage.path);
  if (unreadable !== null) return err(unreadable);
  const folder = dirname(storage.path);
  const prefix = `${basename(storage.path)}.backup-`;
  const copy = join(folder, namePassing(prefix));
  let isCopied = false;
  try {
    const unfit = target === null ? null : findUnfit(target, loaded, order.mayReplace);
    if (unfit !== null) return err({ exitCode: 1, message: unfit });
    removeAbandoned(folder, prefix);
    // Before the copy: what is said to be in it is in it.
    const takenAt = systemClock.now();
    order.onProgress?.("copying and checking the store");
    const copied = copyStore(storage.path, copy, CLI_BUSY_MILLISECONDS);
    if (!copied.ok) return err(storeFault(copied.error));
    isCopied = true;
    await giveWay(order.signal);
    const keys = order.withKeys ? await readKeys(loaded) : ok([]);
    if (!keys.ok) return keys;
    const sources: readonly Source[] = [
      { name: STORE_NAME, content: { file: copy } },
      ...keys.value,
      ...readTrust(loaded.config.keys.trustDirectory),
      ...configured.sources,
    ];
    const manifest = describeArchive(
      { version: readVersion(), ...copied.value, takenAt, hasKeys: order.withKeys },
      sources,
    );
    const pieces = countPieces(archivePieces(manifest, sources), manifest, order);
    const { mayReplace, signal } = order;
    if (target !== null) await writeBackupFile(target, pieces, { mayReplace, signal });
    else if (typeof order.target === "function") await untilEnded(order.target(pieces), signal);
    return ok({ file: target, manifest, notes: configured.notes });
  } catch (error) {
    if (order.signal?.aborted === true) {
      return err({ exitCode: 3, message: "the backup was ended early; nothing of it was kept" });
    }
    return err(describeFailure(target, error));
  } finally {
    // A copy that failed is not there; a look at it would only hide why.
    if (isCopied) removePassing(copy);
  }
}

/** The same promise; a reader that takes no more does not hold up who wants the backup to end. */
async function untilEnded(sending: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return sending;
  const ended = new Promise<void>((_resolve, reject) => {
    const end = (): void => {
      reject(new Error("ended early"));
    };
    // It may have come before anybody listened.
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  });
  await Promise.race([sending, ended]);
}

/** Null where a backup may be written to `target`. What lies in the trust folder is given to registries. */
function findUnfit(target: string, { config }: LoadedConfig, mayReplace: boolean): string | null {
  const trust = config.keys.trustDirectory;
  const folder = dirname(target);
  if (existsSync(trust) && existsSync(folder)) {
    const isInside = `${realpathSync(folder)}${sep}`.startsWith(`${realpathSync(trust)}${sep}`);
    const why = `${target} lies in ${trust}, which registries read, and a backup is a secret; name another folder`;
    if (isInside) return why;
  }
  return findOccupied(target, mayReplace);
}

/** The same pieces; says after each how far it is. */
function* countPieces(
  pieces: Iterable<Buffer>,
  { members }: Manifest,
  { onProgress }: BackupOrder,
): Iterable<Buffer> {
  const total = members.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  for (const piece of pieces) {
    yield piece;
    done += piece.length;
    onProgress?.(`writing: ${Math.min(100, Math.floor((done / Math.max(1, total)) * 100))} %`);
  }
}

/** The file as it is, and what is in force with secrets as ***; without keys the file only where no secret is in it. */
function readConfiguration(
  loaded: LoadedConfig,
  withSecrets: boolean,
): { readonly sources: readonly Source[]; readonly notes: readonly string[] } {
  const settings = { name: SETTINGS_NAME, content: printConfig(loaded, { withSources: true }) };
  if (loaded.file === null) return { sources: [settings], notes: [] };
  const hasSecret = [...SECRET_KEYS].some((key) => {
    const source = loaded.sources.get(key) ?? "default";
    return source !== "default" && !source.startsWith("environment ");
  });
  if (hasSecret && !withSecrets) {
    const note = `left out: ${loaded.file} holds a secret; keep it where the keys are kept`;
    return { sources: [settings], notes: [note] };
  }
  const file = { name: CONFIG_NAME, content: readFileSync(loaded.file, "utf8") };
  return { sources: [file, settings], notes: [] };
}

async function readKeys(loaded: LoadedConfig): Promise<Result<readonly Source[], StartFault>> {
  const { readRingFiles } = await import("./crypto/ring-backup.js");
  const files = readRingFiles(loaded.config.keys.directory);
  if (!files.ok) return err(keyFault(files.error));
  return ok(
    [...files.value].map(([name, content]) => ({ name: `${KEYS_FOLDER}${name}`, content })),
  );
}

function readTrust(folder: string): readonly Source[] {
  return TRUST_FILES.filter((name) => existsSync(join(folder, name))).map((name) => ({
    name: `${TRUST_FOLDER}${name}`,
    content: readFileSync(join(folder, name), "utf8"),
  }));
}

function readVersion(): string {
  const text = readFileSync(join(packageRoot, "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

function describeFailure(target: string | null, error: unknown): StartFault {
  const { code = "unknown", message } = error as NodeJS.ErrnoException;
  if (target === null) {
    const why = `the backup could not be written to standard output (${code}): what was sent is no whole backup`;
    return { exitCode: 3, message: why };
  }
  if (error instanceof BadBackup) {
    const why = `${target} was not written: read back, the file was not what had been sent to the disk (${message}); check the disk`;
    return { exitCode: 3, message: why };
  }
  if (code === "EEXIST") {
    return { exitCode: 1, message: `${target} exists already; name another file` };
  }
  const user = process.geteuid?.() ?? "unknown";
  const whys: Readonly<Record<string, string>> = {
    ENOENT: "its folder does not exist; make it first",
    ENOTDIR: "its folder is not a folder; name another one",
    EACCES: `user id ${user}, the store's owner, may not write there; name a folder of that user, or let the shell write it: (umask 077; dockwarden backup - >FILE)`,
    EPERM: `user id ${user} may not write there; name a folder of that user`,
    EROFS: "its file system is read-only; name another folder",
    ENOSPC: "the disk is full; make room or name another folder",
    EDQUOT: "the disk's quota is used up; make room or name another folder",
  };
  const why = whys[code] ?? `check the disk and the path (${message})`;
  return { exitCode: 3, message: `${target} was not written (${code}): ${why}` };
}
