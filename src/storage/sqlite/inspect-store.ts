// The first look at a store's file, read-only and without SQLite's help files: is it ours at all, and whole?
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { StoreFault } from "../../domain/store-fault.js";
import { findClosedFolder } from "./closed-place.js";
import { APPLICATION_ID } from "./connection.js";

const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
/** Offset of PRAGMA application_id in the file header (SQLite file format §1.3). */
const APPLICATION_ID_OFFSET = 68;

/** Null where the file looks like ours; a missing file is `missing`. Reads 100 bytes, changes nothing. */
export function inspectStore(path: string): StoreFault | null {
  const header = Buffer.alloc(HEADER_BYTES);
  let descriptor: number;
  try {
    // Looked at before it is opened: opening a pipe would wait for ever.
    if (!statSync(path).isFile()) {
      return { code: "foreign", message: `${path} is not a file; set storage.path to one` };
    }
    descriptor = openSync(path, "r");
  } catch (error) {
    return describeUnopened(path, error as NodeJS.ErrnoException);
  }
  let length: number;
  try {
    length = readSync(descriptor, header, 0, HEADER_BYTES, 0);
    if (fstatSync(descriptor).size === 0) length = 0;
  } finally {
    closeSync(descriptor);
  }
  if (length < HEADER_BYTES) {
    const message = `${path} is damaged: it is empty or cut off; restore a backup (dockwarden restore FILE --force), or move it away and run dockwarden init`;
    return { code: "damaged", message };
  }
  const isSqlite = header.toString("latin1", 0, MAGIC.length) === MAGIC;
  if (!isSqlite || header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) {
    const message = `${path} is not a Dockwarden store; set storage.path to another file`;
    return { code: "foreign", message };
  }
  return null;
}

/** A store that this user may not see is not missing: another one must not be made. */
function describeUnopened(path: string, { code, message }: NodeJS.ErrnoException): StoreFault {
  if (code === "ENOENT") {
    return { code: "missing", message: `there is no store at ${path}; run dockwarden init` };
  }
  const why = code === "EACCES" || code === "EPERM" ? describeStranger(path) : "check storage.path";
  return { code: "failed", message: `${path} can't be opened (${code ?? message}): ${why}` };
}

/** Whose store it is can't be seen from outside: its owner runs this perhaps, and a folder further up is closed to them. */
function describeStranger(path: string): string {
  const closed = findClosedFolder(path);
  const isFurtherUp = closed !== null && closed !== dirname(resolve(path));
  const who = isFurtherUp ? `, who must be able to enter ${closed}` : "";
  return `user id ${process.geteuid?.() ?? "unknown"} may not read it; run this as the owner of the store${who}`;
}
