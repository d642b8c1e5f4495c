// Runs other programs for the scripts: quietly with signs of life, or in the foreground with signals passed through.
import { spawn } from "node:child_process";
import { basename } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { clearInterval, setInterval } from "node:timers";

const SIGN_OF_LIFE_MILLISECONDS = 10_000;
/** Ctrl-C reaches us from the terminal and once more from npm; a person's second Ctrl-C comes later than this. */
const SAME_KEYSTROKE_MILLISECONDS = 400;
const SHELL_POLL_MILLISECONDS = 250;

/**
 * Runs a program without showing its output, with a line every ten seconds so that nobody thinks it hangs.
 * @param {{ title: string, command: string, args: string[], cwd: string, env?: Record<string, string> }} job
 * @returns {Promise<{ code: number, lines: string[] }>} the exit code and what it printed
 */
export function runQuietly(job) {
  return new Promise((resolve, reject) => {
    const started = Date.now();
    const lines = [];
    const child = spawn(job.command, job.args, {
      cwd: job.cwd,
      env: { ...process.env, ...job.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => lines.push(line));
    }
    const timer = setInterval(() => {
      console.error(`  … ${job.title} (${formatSeconds(Date.now() - started)})`);
    }, SIGN_OF_LIFE_MILLISECONDS);
    const stopWatching = endWith(child);
    child.once("error", (error) => {
      clearInterval(timer);
      stopWatching();
      reject(error);
    });
    child.once("close", (code) => {
      clearInterval(timer);
      stopWatching();
      resolve({ code: code ?? 1, lines });
    });
  });
}

/**
 * Runs a program of Node.js in the foreground.
 * @param {string[]} args arguments of node
 * @param {{ cwd: string, env?: Record<string, string>, isServer?: boolean }} options `isServer`: in a process group of
 *   its own, so that one Ctrl-C reaches it once; SIGTERM, SIGINT and SIGHUP (as SIGTERM) are passed on
 * @returns {Promise<number>} the exit code; 128 + n when it ended by signal n
 */
export function runInForeground(args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: "inherit",
      detached: options.isServer === true,
    });
    const stopPassing = options.isServer ? passSignals(child) : ignoreSignals();
    child.once("error", reject);
    child.once("close", (code, signal) => {
      stopPassing();
      resolve(code ?? signalCode(signal));
    });
  });
}

/**
 * How to call npm: the one that called us, else the one on the path.
 * @returns {{ command: string, args: string[] }}
 */
export function findNpm() {
  const caller = process.env.npm_execpath;
  if (caller && basename(caller) === "npm-cli.js")
    return { command: process.execPath, args: [caller] };
  return { command: "npm", args: [] };
}

export function formatSeconds(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

function signalCode(signal) {
  return { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }[signal] ?? 1;
}

function on(signals, listener) {
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

function passSignals(child) {
  let last = -Infinity;
  const pass = (signal) => {
    const now = performance.now();
    if (now - last < SAME_KEYSTROKE_MILLISECONDS) return;
    last = now;
    child.kill(signal === "SIGHUP" ? "SIGTERM" : signal);
  };
  const stopListening = on(["SIGTERM", "SIGINT", "SIGHUP"], pass);
  const stopWatching = watchShell(() => pass("SIGTERM"));
  return () => {
    stopListening();
    stopWatching();
  };
}

/** NOTE npm hands a SIGTERM to the shell it runs us in; that shell ends without telling us, and we get a new parent. */
function watchShell(onEnd) {
  if (process.env.npm_lifecycle_event === undefined) return () => undefined;
  const shell = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === shell) return;
    clearInterval(timer);
    onEnd();
  }, SHELL_POLL_MILLISECONDS);
  return () => clearInterval(timer);
}

/** The child shares our terminal and ends by itself; we stay to hand its exit code on. */
function ignoreSignals() {
  return on(["SIGINT"], () => undefined);
}

/** A set-up that is interrupted takes its child along. */
function endWith(child) {
  return on(["SIGTERM", "SIGINT", "SIGHUP"], (signal) => {
    child.kill("SIGTERM");
    process.exit(signalCode(signal));
  });
}
