// The file a backup becomes: written beside its place, read back, then moved there; a failure or a kill leaves no part of one.
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { MANIFEST_NAME } from "../domain/backup-mark.js";
import { writeWhole } from "./file-pieces.js";
import { namePassing, removeAbandoned, removePassing } from "./passing-files.js";
import { openArchive, verifyArchive } from "./read-archive.js";

const DRAFT = ".dockwarden-backup.new-";
/** So often whoever wants the backup to end is heard. */
const BREATH_BYTES = 16 << 20;
/** File systems without hard links. */
const NO_LINKS = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"];

/**
 * Null where a backup may be written to `path`, otherwise why not: it exists (and `mayReplace` is false), or it exists and
 * is no backup, which is never replaced: `backup data/dockwarden.db --force` must not cost the store.
 */
export function findOccupied(path: string, mayReplace: boolean): string | null {
  const present = lstatSync(path, { throwIfNoEntry: false });
  if (present === undefined) return null;
  if (present.isDirectory()) return `${path} is a folder; name a file in it`;
  if (!mayReplace) return `${path} exists already; name another file, or add --force to replace it`;
  if (present.isFile() && isBackup(path)) return null;
  return `${path} is no backup, so that --force does not replace it; name another file`;
}

function isBackup(path: string): boolean {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const name = Buffer.alloc(MANIFEST_NAME.length + 1);
    readSync(descriptor, name, 0, name.length, 0);
    return name.toString("latin1") === `${MANIFEST_NAME}\0`;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes the pieces to `path` (0600, flushed, read back and every sum compared); answers its size in bytes. Throws a system
 * error with its code; `EEXIST` where somebody made `path` meanwhile; the reason of `signal` where that came first.
 */
export async function writeBackupFile(
  path: string,
  pieces: Iterable<Buffer>,
  options: { readonly mayReplace: boolean; readonly signal?: AbortSignal | undefined },
): Promise<number> {
  const folder = dirname(path);
  removeAbandoned(folder, DRAFT);
  const draft = join(folder, namePassing(DRAFT));
  // Exclusive: a planted link is not followed (THREATS M03).
  const descriptor = openSync(draft, "wx+", 0o600);
  try {
    let size = 0;
    let breath = 0;
    for (const piece of pieces) {
      writeWhole(descriptor, piece);
      size += piece.length;
      if (size - breath < BREATH_BYTES) continue;
      breath = size;
      await giveWay(options.signal);
    }
    fsyncSync(descriptor);
    verifyArchive(openArchive(descriptor));
    await giveWay(options.signal);
    publish(draft, path, options.mayReplace);
    flushFolder(folder);
    return size;
  } finally {
    closeSync(descriptor);
    removePassing(draft);
  }
}

/** A hard link is never made over a file; where there are none, the look before the renaming has to do. */
function publish(draft: string, path: string, mayReplace: boolean): void {
  if (!mayReplace) {
    try {
      linkSync(draft, path);
      return;
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!NO_LINKS.includes(code)) throw error;
      if (existsSync(path)) throw Object.assign(new Error(path), { code: "EEXIST", cause: error });
    }
  }
  renameSync(draft, path);
}

/** Lets signals of the system arrive, which come between two acts only; throws the reason where the backup is to end. */
export async function giveWay(signal: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  signal?.throwIfAborted();
}

function flushFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
