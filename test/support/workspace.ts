// A temporary folder with everything a test started in it; `close` undoes it all, the last thing first.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Workspace {
  /** Absolute path, mode 0700. */
  readonly folder: string;
  /** Absolute path of a folder below it, made if it isn't there. */
  subfolder(name: string): Promise<string>;
  /** Registers what `close` must undo. */
  onClose(undo: () => Promise<unknown>): void;
  /** Undoes everything, even when one part fails; then removes the folder. Throws the first failure. */
  close(): Promise<void>;
}

/** Makes an empty workspace. Its path is short, for Unix sockets below it. */
export async function openWorkspace(): Promise<Workspace> {
  const folder = await mkdtemp(join(tmpdir(), "dw-"));
  const undoings: (() => Promise<unknown>)[] = [];
  return {
    folder,
    async subfolder(name) {
      const path = join(folder, name);
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    },
    onClose(undo) {
      undoings.push(undo);
    },
    async close() {
      const failures: unknown[] = [];
      for (const undo of undoings.reverse()) await undo().catch((e: unknown) => failures.push(e));
      unmountBelow(folder);
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** Container engines leave mounts behind when they are killed. */
function unmountBelow(folder: string): void {
  if (!existsSync("/proc/self/mounts")) return;
  const points = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "")
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.reverse()) spawnSync("umount", ["-l", point]);
}
