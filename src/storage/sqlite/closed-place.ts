// Who can't get at store or keys, and why: not their owner, or a folder above that the owner can't enter.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** The first folder above this path, from the root on, that this user can't enter; null: none, or it isn't there. */
export function findClosedFolder(path: string): string | null {
  const above = foldersAbove(resolve(path));
  return above.find((folder) => !canEnter(folder)) ?? null;
}

/** From `/` down; the path itself is not among them. */
function foldersAbove(path: string): readonly string[] {
  const folder = dirname(path);
  return folder === path ? [] : [...foldersAbove(folder), folder];
}

function canEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EACCES";
  }
}

/** The command of the folder's owner, or of root, that lets this user in: `chmod o+x /srv`. */
export function commandToOpen(folder: string): string {
  const { uid, gid } = statSync(folder);
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])];
  if (uid === process.geteuid?.()) return `chmod u+x ${folder}`;
  return `chmod ${groups.includes(gid) ? "g" : "o"}+x ${folder}`;
}

/**
 * What the user does about keys that this process can't read, as `run COMMAND` or words. They are made over only to the
 * user whom the store belongs to: anybody else would take the CA's key from the server.
 */
export function adviseKeyReader(storePath: string, keysDirectory: string): string {
  const uid = process.geteuid?.();
  const place = [storePath, dirname(storePath)].find((candidate) => existsSync(candidate));
  if (uid === undefined || place === undefined || statSync(place).uid !== uid) {
    return "run this as the owner of the store";
  }
  const closed = findClosedFolder(keysDirectory);
  return `run ${closed === null ? `chown -R ${uid} ${keysDirectory}` : commandToOpen(closed)}`;
}
