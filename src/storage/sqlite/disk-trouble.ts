// Why SQLite can't work with a file, where the disk is the reason: its own codes (CANTOPEN, IOERR_SHMSIZE) don't say.
import { accessSync, constants, statfsSync } from "node:fs";
import { dirname } from "node:path";

/** Less than this, and the smallest of SQLite's help files may not fit. */
const ROOM_MIN_BYTES = 65_536;

/** The end of a sentence that begins with the file's name, with what to do; null: the disk is not the reason. */
export function findDiskTrouble(path: string): string | null {
  const folder = dirname(path);
  if (isReadOnly(folder)) return "lies on a read-only file system; mount it writable";
  if (isFull(folder)) return "lies on a full disk; free space there, or move it to a larger one";
  return null;
}

function isReadOnly(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EROFS";
  }
}

function isFull(folder: string): boolean {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(folder);
    // File systems without a fixed number of inodes count none.
    return bavail * bsize < ROOM_MIN_BYTES || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}
