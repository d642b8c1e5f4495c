// The store's place on disk: modes, owners, links. Looks before anything is opened; nothing is changed on a refusal.
import { chmodSync, existsSync, lstatSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, resolve } from "node:path";
import type { StoreFault } from "../../domain/store-fault.js";
import { commandToOpen, findClosedFolder } from "./closed-place.js";

const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;

/** Makes the folder (0700) where it is missing; says null, or why the place is unsafe (THREATS M02, H12). */
export function prepareStoreFolder(path: string): StoreFault | null {
  const folder = dirname(path);
  if (!existsSync(folder)) mkdirSync(folder, { recursive: true, mode: 0o700 });
  return findUnsafePlace(path);
}

/** The store's folder must be ours alone to write, and so must every folder above it, sticky ones excepted. */
export function findUnsafePlace(path: string): StoreFault | null {
  const folder = realpathSync(dirname(resolve(path)));
  if (folder === realpathSync(tmpdir())) {
    return insecure(`the store can't lie in ${folder} itself; give it a folder of its own`);
  }
  if ((statSync(folder).mode & OTHERS_WRITE) !== 0) {
    return insecure(`${folder} can be written by others; run chmod 700 ${folder}`);
  }
  for (let above = dirname(folder); ; above = dirname(above)) {
    const { mode } = statSync(above);
    if ((mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0) {
      return insecure(
        `${above}, above the store, can be written by others; run chmod o-w ${above}, or move the store`,
      );
    }
    if (above === dirname(above)) break;
  }
  return findUnsafeFile(path);
}

function findUnsafeFile(path: string): StoreFault | null {
  if (!existsSync(path)) return null;
  const link = lstatSync(path);
  if (link.isSymbolicLink()) {
    return insecure(`${path} is a symbolic link; set storage.path to the file itself`);
  }
  if (!link.isFile()) return insecure(`${path} is not a regular file; set storage.path to a file`);
  if (link.nlink > 1)
    return insecure(`${path} has another hard link; copy it to a file of its own`);
  if ((link.mode & 0o007) !== 0) {
    return insecure(`${path} is open to others; run chmod 600 ${path}`);
  }
  return null;
}

function insecure(message: string): StoreFault {
  return { code: "insecure", message };
}

/** Sets 0600 on the store and what SQLite lays beside it, whatever the umask was (THREATS M01). */
export function tightenStoreFiles(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file) && (statSync(file).mode & 0o777) !== 0o600) chmodSync(file, 0o600);
  }
}

/**
 * Run as root on a store that belongs to somebody else, the process becomes that owner for good, so that no file of
 * root's is left beside the store (THREATS L08). Elsewhere it does nothing. Null, or why that owner can't get at it.
 */
export function dropToStoreOwner(path: string): StoreFault | null {
  const owner = findForeignOwner(path);
  if (owner === null) return null;
  const { uid, gid } = owner;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
  const closed = findClosedFolder(path);
  if (closed === null) return null;
  const isOwn = closed === dirname(resolve(path));
  const mend = isOwn ? `chown ${uid}:${gid} ${closed}` : commandToOpen(closed);
  const message = `the store at ${path} belongs to user id ${uid}, who can't enter ${closed}; run ${mend}`;
  return { code: "failed", message };
}

/** Whom root would become to use the store at this path (its owner, or that of its folder); null: nobody else. */
export function findForeignOwner(
  path: string,
): { readonly uid: number; readonly gid: number } | null {
  if (process.geteuid?.() !== 0) return null;
  const place = [path, dirname(path)].find((candidate) => existsSync(candidate));
  if (place === undefined) return null;
  const { uid, gid } = statSync(place);
  return uid === 0 ? null : { uid, gid };
}
