// The stage the demo plays on: a temporary folder, child processes, and the way back to nothing whatever happens.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const RUN_LIMIT_MILLISECONDS = 30_000;
const READY_LIMIT_MILLISECONDS = 30_000;
const END_LIMIT_MILLISECONDS = 2000;

/** One command line, run in the stage's folder. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** What a person types for it, where that is shorter. */
  readonly typed?: readonly string[];
  /** A file of the folder for standard input: passwords never stand in arguments. */
  readonly input?: string;
  /** Added to the stage's environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly limitMilliseconds?: number;
}

export interface Outcome {
  /** Exit code; -1 when it ended by a signal or its time was up; 127 when there is no such program. */
  readonly code: number;
  /** Both streams, in the order in which they came. */
  readonly text: string;
}

/** Thrown wherever the demo waits, once the person has interrupted it. */
export class Interrupted extends Error {}

export class Stage {
  /** Absolute path, mode 0700; everything of the demo lies below it. */
  readonly folder: string;
  /** Where programs are looked for. */
  readonly path: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;
  readonly #children = new Set<ChildProcess>();
  readonly #undoings: (() => void)[] = [];

  /** Nothing of the person's environment but `path` reaches a child, so no configuration or login of hers is used. */
  constructor(path: string, signal: AbortSignal) {
    this.folder = mkdtempSync(join(tmpdir(), "dockwarden-demo-"));
    this.path = path;
    this.#env = {
      PATH: path,
      HOME: this.folder,
      TMPDIR: this.folder,
      XDG_RUNTIME_DIR: this.folder,
      NO_COLOR: "1",
    };
    this.#signal = signal;
    this.onClose(() => {
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    });
    process.once("exit", this.#closeNow);
  }

  /** Writes a file of the folder, mode 0600. */
  write(name: string, content: string | Buffer): void {
    writeFileSync(join(this.folder, name), content, { mode: 0o600 });
  }

  /** What must be undone beside processes and folder; at once and without throwing, since it may run while we exit. */
  onClose(undo: () => void): void {
    this.#undoings.push(undo);
  }

  /** Runs a command to its end; a wrong exit code is an answer. Throws Interrupted. */
  async run(command: Command): Promise<Outcome> {
    this.#signal.throwIfAborted();
    const input = command.input === undefined ? null : openSync(this.#path(command.input), "r");
    const child = this.#spawn(command, [input ?? "ignore", "pipe", "pipe"]);
    if (input !== null) closeSync(input);
    const outcome = await new Promise<Outcome>((resolve) => {
      const chunks: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) {
        stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
      }
      const stop = (): void => {
        sendToGroup(child, "SIGKILL");
      };
      const limit = setTimeout(stop, command.limitMilliseconds ?? RUN_LIMIT_MILLISECONDS);
      this.#signal.addEventListener("abort", stop);
      const finish = (code: number): void => {
        clearTimeout(limit);
        this.#signal.removeEventListener("abort", stop);
        resolve({ code, text: Buffer.concat(chunks).toString("utf8") });
      };
      child.once("error", () => {
        finish(127);
      });
      child.once("close", (code) => {
        finish(code ?? -1);
      });
    });
    this.#signal.throwIfAborted();
    return outcome;
  }

  /** Starts a server and waits until `url` answers with `status`. Throws with the end of its log, or Interrupted. */
  async startServer(command: Command, logName: string, ready: Ready): Promise<void> {
    this.#signal.throwIfAborted();
    const log = openSync(this.#path(logName), "a", 0o600);
    const child = this.#spawn(command, ["ignore", log, log]);
    closeSync(log);
    let hasEnded = false;
    for (const event of ["error", "exit"]) child.once(event, () => (hasEnded = true));
    const isUp = await this.waitFor(ready, () => hasEnded);
    if (isUp) return;
    const end = readFileSync(this.#path(logName), "utf8").trimEnd().split("\n").slice(-8);
    throw new Error(`${command.program} did not start. The end of its log:\n${end.join("\n")}`);
  }

  /** Whether `url` came to answer with `status`; false after half a minute or once `hasEnded`. Throws Interrupted. */
  async waitFor(ready: Ready, hasEnded: () => boolean = () => false): Promise<boolean> {
    const deadline = Date.now() + READY_LIMIT_MILLISECONDS;
    while (Date.now() < deadline && !hasEnded()) {
      this.#signal.throwIfAborted();
      const status = await fetch(ready.url).then(readStatus, () => 0);
      if (status === ready.status) return true;
      await pause(50);
    }
    return false;
  }

  /** Ends every child and undoes everything, the last thing first. */
  async close(): Promise<void> {
    const children = [...this.#children];
    for (const child of children) sendToGroup(child, "SIGTERM");
    const killer = setTimeout(() => {
      for (const child of children) sendToGroup(child, "SIGKILL");
    }, END_LIMIT_MILLISECONDS);
    await Promise.all(children.map(untilEnded));
    clearTimeout(killer);
    this.#closeNow();
    process.off("exit", this.#closeNow);
  }

  /** Without waiting; also the last resort when the process exits by a second signal or a closed pipe. */
  readonly #closeNow = (): void => {
    for (const child of this.#children) sendToGroup(child, "SIGKILL");
    for (const undo of this.#undoings.splice(0).reverse()) undo();
  };

  #path(name: string): string {
    return join(this.folder, name);
  }

  /** In a process group of its own, so that Ctrl-C reaches us alone and we end the child with all that it started. */
  #spawn(
    command: Command,
    stdio: readonly [number | "ignore", number | "pipe", number | "pipe"],
  ): ChildProcess {
    const child = spawn(command.program, [...command.args], {
      cwd: this.folder,
      env: { ...this.#env, ...command.env },
      stdio: [...stdio],
      detached: true,
    });
    this.#children.add(child);
    for (const event of ["error", "close"]) child.once(event, () => this.#children.delete(child));
    return child;
  }
}

export interface Ready {
  readonly url: string;
  readonly status: number;
}

async function readStatus(answer: Response): Promise<number> {
  await answer.arrayBuffer();
  return answer.status;
}

function untilEnded(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("error", () => {
      resolve();
    });
    child.once("exit", () => {
      resolve();
    });
  });
}

function sendToGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // ESRCH: the whole group has ended
  }
}
