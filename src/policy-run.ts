// Starts the process that applies policy.file once, and waits for its answer: neither its work nor its memory is the server's.
import { fork, type ChildProcess } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadedConfig } from "./config/load-config.js";
import type { PolicyFileOrder, PolicyOutcome } from "./policy-job.js";

export interface PolicyRun {
  readonly outcome: Promise<PolicyOutcome>;
  /** Ends it; what it has begun in the store is undone. */
  stop(): void;
}

const LIMIT_MILLISECONDS = 600_000;
const WORDS_MAX = 4000;

/** The same program from its sources or built. */
const ENTRY = fileURLToPath(
  new URL(`./policy-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

/**
 * A thread would share the server's file locks: POSIX locks on the store are lost when any part of a process closes the
 * file (docs/decisions/0022-policy-in-a-file.md).
 */
export function startPolicyRun(order: PolicyFileOrder): PolicyRun {
  const child = fork(ENTRY, [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  const outcome = waitFor(child);
  child.send({ ...order, loaded: withoutSecrets(order.loaded) }, () => undefined);
  return { outcome, stop: () => child.kill("SIGKILL") };
}

/** It needs none of them; a Secret does not cross over to another process either. */
function withoutSecrets(loaded: LoadedConfig): LoadedConfig {
  const { config } = loaded;
  return { ...loaded, config: { ...config, events: { ...config.events, secret: null } } };
}

async function waitFor(child: ChildProcess): Promise<PolicyOutcome> {
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    words = `${words}${chunk.toString("utf8")}`.slice(-WORDS_MAX);
  });
  return new Promise((resolve) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      child.kill("SIGKILL");
    }, LIMIT_MILLISECONDS);
    const settle = (outcome: PolicyOutcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const fail = (message: string): void => {
      settle({ kind: "unready", message, isBusy: false });
    };
    child.once("message", (message) => {
      settle(message as PolicyOutcome);
    });
    child.once("error", ({ message }) => {
      fail(`no process could be started for it (${message})`);
    });
    child.once("close", (code, signal) => {
      fail(describeEnd({ code, signal, isLate, words }));
    });
  });
}

interface End {
  readonly code: number | null;
  readonly signal: string | null;
  readonly isLate: boolean;
  readonly words: string;
}

function describeEnd({ code, signal, isLate, words }: End): string {
  if (isLate) return "applying it took longer than ten minutes and was given up; make it smaller";
  if (words.includes("heap out of memory"))
    return "applying it took more memory than there is; make it smaller, or give the server more";
  const last = words.trim().split("\n").at(-1) ?? "";
  return `the process that applies it ended by itself (${signal ?? `exit ${code ?? "unknown"}`})${last === "" ? "" : `: ${last}`}`;
}
