// Files that live only as long as the command that made them; what a killed one left is removed by the next.
import { createHash, randomBytes } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

/** Nothing takes nearly as long: for files of a process that can't be asked for from here. */
const ABANDONED_MILLISECONDS = 6 * 3_600_000;

/** A name that no other command gives, and that says which process writes it: `PREFIX4711-0a1b2c3d-8e9f…`. */
export function namePassing(prefix: string): string {
  return `${prefix}${process.pid}-${describePlace()}-${randomBytes(6).toString("hex")}`;
}

/**
 * Removes files of `folder` that begin with `prefix` and whose process is dead. One of another machine or container has
 * process ids of its own: its files go by age. What can't be looked at or removed stays.
 */
export function removeAbandoned(folder: string, prefix: string): void {
  for (const name of list(folder).filter((one) => one.startsWith(prefix))) {
    const file = join(folder, name);
    if (isAbandoned(file, name.slice(prefix.length))) removePassing(file);
  }
}

/** The same for folders, this user's own alone: what others have planted there could change while it is taken apart. */
export function removeAbandonedFolders(parent: string, prefix: string): void {
  for (const name of list(parent).filter((one) => one.startsWith(prefix))) {
    const folder = join(parent, name);
    if (isOwnFolder(folder) && isAbandoned(folder, name.slice(prefix.length))) {
      remove(folder, true);
    }
  }
}

function isOwnFolder(path: string): boolean {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isDirectory() === true && found.uid === process.geteuid?.();
  } catch {
    return false; // where nobody may look, nothing is removed
  }
}

/** Never throws: it ends what has succeeded, or failed for a better reason. */
export function removePassing(file: string): void {
  remove(file, false);
}

function remove(path: string, recursive: boolean): void {
  try {
    rmSync(path, { recursive, force: true });
  } catch {
    return; // the next command tries again
  }
}

function list(folder: string): readonly string[] {
  try {
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch {
    return []; // whoever writes there next says what is wrong
  }
}

function isAbandoned(file: string, rest: string): boolean {
  const [, pid = "", place] = /^(\d{1,10})-([0-9a-f]{8})-/.exec(rest) ?? [];
  if (place === describePlace() && isDead(Number(pid))) return true;
  try {
    const made = lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
    return Date.now() - made > ABANDONED_MILLISECONDS;
  } catch {
    return false;
  }
}

function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Equal where a process id means the same process: this host, since this start, in this container. */
function describePlace(): string {
  const parts = [
    hostname(),
    readOr("", () => readlinkSync("/proc/self/ns/pid")),
    readOr("", () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8")),
  ];
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 8);
}

function readOr(otherwise: string, read: () => string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
