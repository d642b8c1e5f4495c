// The file a backup becomes: written beside its place, read back, then moved there; a failure or a kill leaves no part of one.
import { randomBytes } from "node:crypto";
import {
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { writeWhole } from "./file-pieces.js";
import { MANIFEST_NAME } from "./manifest.js";
import { openArchive, verifyArchive } from "./read-archive.js";

const DRAFT = ".dockwarden-backup.new-";
/** No backup takes nearly as long: what is older was left by a process that was killed. */
const ABANDONED_MILLISECONDS = 6 * 3_600_000;
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
 * error with its code; `EEXIST` where somebody made `path` meanwhile.
 */
export function writeBackupFile(
  path: string,
  pieces: Iterable<Buffer>,
  options: { readonly mayReplace: boolean },
): number {
  const folder = dirname(path);
  removeAbandoned(folder);
  const draft = join(folder, `${DRAFT}${randomBytes(6).toString("hex")}`);
  // Exclusive: a planted link is not followed (THREATS M03).
  const descriptor = openSync(draft, "wx+", 0o600);
  try {
    let size = 0;
    for (const piece of pieces) {
      writeWhole(descriptor, piece);
      size += piece.length;
    }
    fsyncSync(descriptor);
    verifyArchive(openArchive(descriptor));
    publish(draft, path, options.mayReplace);
    flushFolder(folder);
    return size;
  } finally {
    closeSync(descriptor);
    rmSync(draft, { force: true });
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

function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder).filter((one) => one.startsWith(DRAFT))) {
    const made = lstatSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    if (Date.now() - made > ABANDONED_MILLISECONDS) rmSync(join(folder, name), { force: true });
  }
}

function flushFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
