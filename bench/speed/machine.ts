// The machine that is measured on: its programs, its cores, and what a reader of the tables must know of it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { dirname } from "node:path";
import { err, ok, type Result } from "../../src/domain/result.js";

/** Command lines that stand before a program's own. */
export interface Placement {
  readonly server: readonly string[];
  readonly load: readonly string[];
}

export const UNPINNED: Placement = { server: [], load: [] };

/** Core numbers of `taskset -cp`: `pid 7's current affinity list: 0,2-3` is 0, 2, 3. */
export function parseCores(told: string): readonly number[] {
  const ranges = /: ([\d,-]+)\s*$/.exec(told)?.[1]?.split(",") ?? [];
  return ranges.flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_none, at) => first + at);
  });
}

const answers = (program: string, ...args: readonly string[]): string | null => {
  const done = spawnSync(program, args, { encoding: "utf8" });
  return done.error === undefined ? done.stdout : null;
};

/** Says in one sentence what is missing for measuring at all. */
export function findObstacle(): string | null {
  if (!existsSync("/proc/self/stat")) return "The measurements read /proc: they need Linux.";
  const needs = [
    ["wrk", "wrk"],
    ["taskset", "util-linux"],
  ] as const;
  for (const [program, pack] of needs) {
    if (answers(program, "--version") === null)
      return `The load is made by ${program}, which is not installed: apt-get install ${pack}`;
  }
  return null;
}

/**
 * The server on one core and the load generator on another, of those that this process may use; or why that can't be.
 */
export function findPinned(): Result<Placement, string> {
  const cores = parseCores(answers("taskset", "-cp", String(process.pid)) ?? "");
  const [first, second] = cores;
  if (first === undefined || second === undefined)
    return err("one core only: server and load generator share it, and nothing is pinned");
  const pin = (core: number): readonly string[] => ["taskset", "-c", String(core)];
  const isAllowed = [first, second].every((core) => {
    const [program = "", ...args] = pin(core);
    return spawnSync(program, [...args, "true"]).status === 0;
  });
  if (!isAllowed) return err("taskset may not choose cores here, and nothing is pinned");
  return ok({ server: pin(first), load: pin(second) });
}

export interface MachineNote {
  readonly node: string;
  readonly processor: string;
  readonly cores: number;
  readonly commit: string;
  /** Programs that ran or waited to run, over the last minute, before the measurement began. */
  readonly load: number;
}

/** The commit has a `+` where files differ from it. */
export function describeMachine(): MachineNote {
  const all = cpus();
  const git = (...args: readonly string[]): string =>
    answers("git", "-C", dirname(import.meta.dirname), ...args)?.trim() ?? "";
  const changes = git("status", "--porcelain", "--untracked-files=no") === "" ? "" : "+";
  return {
    node: process.version,
    processor: all[0]?.model ?? "unknown processor",
    cores: all.length,
    commit: `${git("rev-parse", "--short", "HEAD")}${changes}`,
    load: loadavg()[0] ?? 0,
  };
}
