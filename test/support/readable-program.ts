// The built program at a place that every user can read: tests run it as others than root, whose checkout may be closed.
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findSetpriv } from "./setpriv.js";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PARTS = ["dist", "migrations", "config", "package.json", "node_modules"];
const NOBODY = 65_534;

export interface ReadableProgram {
  /** Path of main.js. */
  readonly entry: string;
  /** Removes the copy, if one was made. */
  remove(): void;
}

/** The checkout itself where others can read it, otherwise a copy. */
export function openReadableProgram(): ReadableProgram {
  const entry = join(ROOT, "dist", "main.js");
  if (canOthersRead(entry)) return { entry, remove: () => undefined };
  return copyProgram(0o755);
}

/** A copy in a folder of this mode; 0700 makes it one that its user alone can read. */
export function copyProgram(mode: number): ReadableProgram {
  const folder = mkdtempSync(join(tmpdir(), "dw-program-"));
  for (const name of PARTS) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true, verbatimSymlinks: true });
  }
  chmodSync(folder, mode);
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  return { entry: join(folder, "dist", "main.js"), remove };
}

function canOthersRead(path: string): boolean {
  const ids = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  return spawnSync(findSetpriv() ?? "setpriv", [...ids, "test", "-r", path]).status === 0;
}
