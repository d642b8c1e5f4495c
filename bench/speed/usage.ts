// What a running process has used, as the kernel counts it: processor time of all its threads, and resident memory.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Usage {
  /** Microseconds in user and kernel mode since its start. */
  readonly cpu: number;
  /** Resident, in MB (10^6 bytes). */
  readonly memory: number;
}

/** Clock ticks of `/proc/PID/stat`: fields 14 and 15, user and system. The name in parentheses may hold anything. */
export function parseTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  if (!Number.isFinite(ticks)) throw new Error(`/proc/PID/stat without times: ${stat}`);
  return ticks;
}

/** MB of `VmRSS` in `/proc/PID/status`. */
export function parseResident(status: string): number {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error("/proc/PID/status without VmRSS");
  return (Number(kibibytes) * 1024) / 1e6;
}

let ticksPerSecond = 0;

/** @throws when the process has ended. */
export function readUsage(pid: number): Usage {
  if (ticksPerSecond === 0) {
    ticksPerSecond = Number(spawnSync("getconf", ["CLK_TCK"], { encoding: "utf8" }).stdout) || 100;
  }
  const ticks = parseTicks(readFileSync(`/proc/${pid}/stat`, "utf8"));
  return {
    cpu: (ticks / ticksPerSecond) * 1e6,
    memory: parseResident(readFileSync(`/proc/${pid}/status`, "utf8")),
  };
}

/** Of one thread since its start, in microseconds. */
export interface ThreadTime {
  /** It ran. */
  readonly ran: number;
  /** It could have run, and no processor was free for it. */
  readonly waited: number;
}

/** The first two figures of `schedstat`: nanoseconds. */
export function parseSchedstat(schedstat: string): ThreadTime {
  const [ran, waited] = schedstat.split(" ").map((figure) => Number(figure) / 1000);
  if (ran === undefined || waited === undefined || Number.isNaN(ran + waited))
    throw new Error(`schedstat without times: ${schedstat}`);
  return { ran, waited };
}

/** @throws when the process has ended, or where the kernel keeps no such figures. */
export const readMainThread = (pid: number): ThreadTime =>
  parseSchedstat(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8"));
