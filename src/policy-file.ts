// Keeps what `policy.file` says in force: applied at start and when it has changed; a bad file changes nothing and is reported.
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadedConfig } from "./config/load-config.js";
import { formatTime, type Clock, type EpochSeconds } from "./domain/time.js";
import type { Logger } from "./http/log.js";
import type { PolicyFileOrder, PolicyMemory, PolicyOutcome } from "./policy-job.js";
import { startPolicyRun, type PolicyRun } from "./policy-run.js";
import { lookAt, SettledLooks, type Look } from "./policy-watch.js";
import { formatFileFault, type FileFault } from "./read-policy-file.js";

export interface PolicyFileKeeper {
  /** A sentence for health; null: what the file says is in force. */
  findTrouble(): string | null;
  stop(): Promise<void>;
}

/** The outside, as tests give another one. */
export interface PolicyFileTools {
  readonly look: (paths: readonly string[]) => Promise<Look>;
  readonly start: (order: PolicyFileOrder) => PolicyRun;
  /** Throws when the signal says so. */
  readonly pause: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

export interface PolicyFileParts {
  readonly loaded: LoadedConfig;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_MILLISECONDS = 500;
/** With very many password files it is looked less often. */
const MILLISECONDS_PER_FILE = 2;
const FIRST_MILLISECONDS = 120_000;
/** Looks to wait before a store that could not be used is tried again: doubled each time. */
const RETRY_LOOKS = 2;
const RETRY_LOOKS_MAX = 60;
const FAULTS_MAX = 50;

const TOOLS: PolicyFileTools = {
  look: lookAt,
  start: startPolicyRun,
  pause: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }),
};

/** Null where `policy.file` is not set. Answers when the first application is over, at the latest after two minutes. */
export async function keepPolicyFile(
  parts: PolicyFileParts,
  tools: PolicyFileTools = TOOLS,
): Promise<PolicyFileKeeper | null> {
  const path = parts.loaded.config.policy.file;
  if (path === null) return null;
  const keeper = new Keeper(path, parts, tools);
  await keeper.start();
  return keeper;
}

class Keeper implements PolicyFileKeeper {
  readonly #path: string;
  readonly #parts: PolicyFileParts;
  readonly #tools: PolicyFileTools;
  readonly #looks = new SettledLooks();
  readonly #ending = new AbortController();
  #memory: PolicyMemory;
  #trouble: string | null;
  #appliedAt: EpochSeconds | null = null;
  /** What was said of the file last. */
  #said = "";
  #run: PolicyRun | null = null;
  #looksLeft = -1;
  #looksNext = RETRY_LOOKS;
  #watching: Promise<void> = Promise.resolve();

  constructor(path: string, parts: PolicyFileParts, tools: PolicyFileTools) {
    this.#path = path;
    this.#parts = parts;
    this.#tools = tools;
    this.#memory = {
      key: randomBytes(32).toString("hex"),
      contentDigest: null,
      passwordDigests: [],
      passwordFiles: [],
    };
    this.#trouble = `policy.file ${path} is still being applied; what the store held at the start stays in force until then`;
  }

  async start(): Promise<void> {
    const first = new Promise<void>((resolve) => {
      this.#watching = this.#watch(resolve);
    });
    const waiting = new AbortController();
    const limit = this.#tools.pause(FIRST_MILLISECONDS, waiting.signal).catch(() => undefined);
    await Promise.race([first, limit]);
    waiting.abort();
  }

  findTrouble(): string | null {
    return this.#trouble;
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#run?.stop();
    await this.#watching;
  }

  async #watch(firstIsOver: () => void): Promise<void> {
    const { signal } = this.#ending;
    const isStopping = (): boolean => signal.aborted;
    while (!isStopping()) {
      const files = this.#memory.passwordFiles;
      const look = await this.#tools.look([this.#path, ...files]);
      this.#looksLeft -= 1;
      if (this.#looks.isSettled(look) || this.#looksLeft === 0) {
        const outcome = await this.#apply(isStopping);
        if (outcome.kind !== "unready" || !outcome.isBusy) firstIsOver();
      }
      const pause = LOOK_MILLISECONDS + files.length * MILLISECONDS_PER_FILE;
      await this.#tools.pause(pause, signal).catch(() => undefined);
    }
    firstIsOver();
  }

  async #apply(isStopping: () => boolean): Promise<PolicyOutcome> {
    const { loaded } = this.#parts;
    this.#run = this.#tools.start({ loaded, path: this.#path, memory: this.#memory });
    const outcome = await this.#run.outcome;
    this.#run = null;
    if (!isStopping()) this.#take(outcome);
    return outcome;
  }

  #take(outcome: PolicyOutcome): void {
    if (outcome.kind === "unready") {
      this.#looksLeft = this.#looksNext;
      this.#looksNext = Math.min(this.#looksNext * 2, RETRY_LOOKS_MAX);
      this.#refuse([{ line: null, message: outcome.message }], "");
      return;
    }
    [this.#looksLeft, this.#looksNext] = [-1, RETRY_LOOKS];
    if (outcome.kind === "same") return;
    this.#memory = outcome.memory;
    if (outcome.kind === "refused") {
      this.#refuse(outcome.faults, outcome.content);
      return;
    }
    const { clock, log } = this.#parts;
    this.#appliedAt = clock.now();
    [this.#trouble, this.#said] = [null, ""];
    log.info({ evt: "policy.file_applied", file: this.#path, changes: outcome.counts });
  }

  /** Said once for each content, however often it is met again. */
  #refuse(faults: readonly FileFault[], content: string): void {
    this.#trouble = describeTrouble(this.#path, faults, this.#appliedAt);
    const lines = faults.map((fault) => formatFileFault(basename(this.#path), fault));
    const said = [content, ...lines].join("\n");
    if (said === this.#said) return;
    this.#said = said;
    const more = lines.length - FAULTS_MAX;
    this.#parts.log.warn({
      evt: "policy.file_refused",
      file: this.#path,
      faults: lines.slice(0, FAULTS_MAX),
      ...(more > 0 ? { more } : {}),
    });
  }
}

/** `policy.file … line 7: … (and 3 more); the policy applied at … stays in force`. */
export function describeTrouble(
  path: string,
  faults: readonly FileFault[],
  appliedAt: EpochSeconds | null,
): string {
  const [first] = faults;
  const place = first?.line == null ? "" : ` line ${first.line}`;
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : "";
  const rest =
    appliedAt === null
      ? "none was applied since the server started, and what the store held then stays in force"
      : `the policy applied at ${formatTime(appliedAt)} stays in force`;
  return `policy.file ${path}${place}: ${first?.message ?? "can't be applied"}${more}; ${rest}`;
}
