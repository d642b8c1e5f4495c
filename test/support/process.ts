// Starts outside programs for tests: short ones to their end, servers until stopped; none of them outlives the test.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { findSetpriv } from "./setpriv.js";

const RUN_LIMIT_MILLISECONDS = 120_000;
const READY_LIMIT_MILLISECONDS = 30_000;
const STOP_LIMIT_MILLISECONDS = 15_000;

export interface Outcome {
  /** Exit code; -1 when the program ended by a signal. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams, standard output first: what a person sees. */
  readonly text: string;
}

export interface RunOptions {
  /** The whole environment of the program; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin?: string | Buffer;
  readonly cwd?: string;
  /** When the program is killed; a minute where it isn't said. */
  readonly limitMilliseconds?: number;
}

/** Runs a program to its end; a wrong exit code is an answer, not an error. Killed after a minute, or when `options` says. */
export function run(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const [command, commandArgs] = bindToTest(program, args);
    const child = spawn(command, commandArgs, {
      env: options.env,
      cwd: options.cwd,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.limitMilliseconds ?? RUN_LIMIT_MILLISECONDS,
      killSignal: "SIGKILL",
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({
        code: code ?? -1,
        stdout: stdout(),
        stderr: stderr(),
        text: `${stdout()}${stderr()}`,
      });
    });
    child.stdin.on("error", () => undefined); // a program may end without reading all of its input
    child.stdin.end(options.stdin ?? "");
  });
}

/** A server that was started by a test. */
export interface Daemon {
  readonly pid: number;
  /** Everything it has printed up to now. */
  log(): string;
  /** Sends SIGTERM and waits; SIGKILL after 15 s. Answers the exit code, -1 when it ended by a signal. */
  stop(signal?: NodeJS.Signals): Promise<number>;
  /** Sends a signal and waits for nothing. */
  signal(signal: NodeJS.Signals): void;
  /** Waits until it has ended by itself, SIGKILL after 15 s. Answers as `stop`. */
  ended(): Promise<number>;
}

/**
 * Starts a server, its output going to `logFile`. It ends with the test process at the latest.
 * @throws when the program can't be started.
 */
export async function startDaemon(
  program: string,
  args: readonly string[],
  options: RunOptions & { readonly logFile: string },
): Promise<Daemon> {
  const [command, commandArgs] = bindToTest(program, args);
  const file = openSync(options.logFile, "a", 0o600);
  const child = spawn(command, commandArgs, {
    env: options.env,
    cwd: options.cwd,
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => {
      resolve(child.pid ?? 0);
    });
  });
  return {
    pid,
    log: () => readFileSync(options.logFile, "utf8"),
    stop: (signal = "SIGTERM") => stopChild(child, signal),
    signal: (signal) => void child.kill(signal),
    ended: () => stopChild(child, null),
  };
}

/**
 * Asks `isReady` until it answers true; an exception of it counts as "not yet".
 * @throws with the daemon's log when it ended or half a minute has passed.
 */
export async function waitUntilReady(
  daemon: Daemon,
  what: string,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + READY_LIMIT_MILLISECONDS;
  while (Date.now() < deadline) {
    if (await isReady().catch(() => false)) return;
    if (!isRunning(daemon.pid)) break;
    await pause(50);
  }
  throw new Error(`${what} did not become ready. Its log:\n${daemon.log()}`);
}

/** With setpriv (Linux) the kernel ends the program when the test process is gone, however that ended. */
function bindToTest(program: string, args: readonly string[]): readonly [string, string[]] {
  const setpriv = findSetpriv();
  if (setpriv === null) return [program, [...args]];
  return [setpriv, ["--pdeathsig", "TERM", "--", program, ...args]];
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString("utf8");
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH: it has ended
  }
}

function stopChild(child: ChildProcess, signal: NodeJS.Signals | null): Promise<number> {
  if (child.exitCode !== null || child.signalCode !== null) {
    return Promise.resolve(child.exitCode ?? -1);
  }
  return new Promise((resolve) => {
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MILLISECONDS);
    child.once("exit", (code) => {
      clearTimeout(killer);
      resolve(code ?? -1);
    });
    if (signal !== null) child.kill(signal);
  });
}
