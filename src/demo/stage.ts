// The stage the demo plays on: a temporary folder, child processes, and the way back to nothing whatever happens.
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const RUN_LIMIT_MILLISECONDS = 30_000;
const READY_LIMIT_MILLISECONDS = 30_000;
const ANSWER_LIMIT_MILLISECONDS = 2000;
const END_LIMIT_MILLISECONDS = 2000;
const FINISH_LIMIT_MILLISECONDS = 5000;

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
  /** An interruption lets it end first: cut off, its work would go on in the engine, behind the back of our undoing. */
  readonly mustFinish?: boolean;
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

  /**
   * Nothing of the person's environment but `path` reaches a child, so no configuration or login of hers is used.
   * Throws where no temporary folder can be made.
   */
  constructor(path: string, signal: AbortSignal) {
    this.folder = makeFolder();
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
      let limit = setTimeout(stop, command.limitMilliseconds ?? RUN_LIMIT_MILLISECONDS);
      const onInterruption = (): void => {
        clearTimeout(limit);
        limit = setTimeout(stop, command.mustFinish === true ? FINISH_LIMIT_MILLISECONDS : 0);
      };
      this.#signal.addEventListener("abort", onInterruption);
      const finish = (code: number): void => {
        clearTimeout(limit);
        this.#signal.removeEventListener("abort", onInterruption);
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

  /** Starts a server and waits until it is ready. Throws with the end of its log, or Interrupted. */
  async startServer(command: Command, server: Server): Promise<void> {
    this.#signal.throwIfAborted();
    const logPath = this.#path(`${server.logName}.log`);
    const log = openSync(logPath, "a", 0o600);
    const child = this.#spawn(command, ["ignore", log, log]);
    closeSync(log);
    const deadline = Date.now() + READY_LIMIT_MILLISECONDS;
    while (Date.now() < deadline && !hasEnded(child)) {
      if ((await this.#ask(server.url)) === server.status) return;
      this.#signal.throwIfAborted();
      await pause(50);
    }
    const what = hasEnded(child) ? "did not start" : `does not answer on ${server.url}`;
    const end = readFileSync(logPath, "utf8").trimEnd().split("\n").slice(-8);
    throw new Error(
      [`${server.words} ${what}. The end of its log:`, ...end.map((line) => `  | ${line}`)].join(
        "\n",
      ),
    );
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

  /** The status of an answer; 0 where there is none in two seconds. */
  async #ask(url: string): Promise<number> {
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_LIMIT_MILLISECONDS)]);
    return fetch(url, { signal }).then(readStatus, () => 0);
  }

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

/** A server of the demo, ready when `url` answers with `status`. */
export interface Server {
  /** `The registry (docker-registry 2.8.2)`, for the message that it did not start. */
  readonly words: string;
  /** Without `.log`. */
  readonly logName: string;
  readonly url: string;
  readonly status: number;
}

function makeFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "dockwarden-demo-"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `No temporary folder can be made: ${reason}\nName one that can be written to: TMPDIR=FOLDER dockwarden demo`,
      { cause },
    );
  }
}

async function readStatus(answer: Response): Promise<number> {
  await answer.body?.cancel();
  return answer.status;
}

/** Also where the program could not be started. */
function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function untilEnded(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return Promise.resolve();
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
