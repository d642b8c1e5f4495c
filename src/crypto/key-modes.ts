// Who may read the private keys? Others may not; the answer names the command that mends it (THREATS D06).
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { KeyFault } from "../domain/key.js";

const STICKY = 0o1000;

export interface ModeReport {
  /** Every unsafe file, a line each; null where all are safe. */
  readonly fault: KeyFault | null;
  readonly warnings: readonly string[];
}

/**
 * Links are followed: what counts is the file itself. Whoever can write a folder can put other keys into it, and whoever
 * can write one above can put another folder there; sticky ones such as /tmp excepted. `warn` turns a fault into a warning.
 */
export function checkKeyModes(files: readonly string[], modeCheck: "strict" | "warn"): ModeReport {
  const folders = [...new Set(files.map((file) => dirname(realpathSync(file))))];
  const above = [...new Set(folders.flatMap(foldersAbove))].filter(
    (folder) => !folders.includes(folder),
  );
  const messages = [
    ...files.map(describeFile),
    ...folders.map(describeFolder),
    ...above.map(describeAbove),
  ].filter((message) => message !== null);
  if (messages.length === 0) return { fault: null, warnings: [] };
  if (modeCheck === "warn") return { fault: null, warnings: messages };
  return { fault: { code: "insecure-mode", message: messages.join("\n") }, warnings: [] };
}

function describeFile(path: string): string | null {
  const { mode, gid } = statSync(path);
  const isGroupOurs = ourGroups().includes(gid);
  const isOpen = (mode & 0o007) !== 0 || ((mode & 0o070) !== 0 && !isGroupOurs);
  if (!isOpen) return null;
  return `the private key ${path} is open to others (mode ${octal(mode)}); run chmod 600 ${path}`;
}

function describeFolder(path: string): string | null {
  const { mode, gid } = statSync(path);
  const isGroupOurs = ourGroups().includes(gid);
  const isOpen = (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && !isGroupOurs);
  if (!isOpen) return null;
  return `the key folder ${path} can be written by others (mode ${octal(mode)}); run chmod 700 ${path}`;
}

function foldersAbove(folder: string): readonly string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...foldersAbove(parent)];
}

function describeAbove(path: string): string | null {
  const { mode } = statSync(path);
  if ((mode & 0o002) === 0 || (mode & STICKY) !== 0) return null;
  return `${path}, above the keys, can be written by others (mode ${octal(mode)}); run chmod o-w ${path}, or move the keys`;
}

/** True where keys can be changed by this process. */
export function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function ourGroups(): readonly number[] {
  return [...(process.getgroups?.() ?? []), process.getegid?.() ?? -1];
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
