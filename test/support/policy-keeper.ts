// A keeper of policy.file whose looks, applications and pauses a test makes itself, one after another.
import { setImmediate as turn } from "node:timers/promises";
import type { LoadedConfig } from "../../src/config/load-config.js";
import type { LogEvent } from "../../src/http/log.js";
import { keepPolicyFile, type PolicyFileKeeper } from "../../src/policy-file.js";
import type { PolicyFileOrder, PolicyMemory, PolicyOutcome } from "../../src/policy-job.js";
import type { Look } from "../../src/policy-watch.js";

export const POLICY_PATH = "/etc/dockwarden/policy.yml";

export interface KeeperSite {
  readonly keeper: PolicyFileKeeper;
  readonly log: readonly LogEvent[];
  /** What was ordered so far. */
  readonly orders: readonly PolicyFileOrder[];
  /** Every look from now on sees this. */
  see(signature: string): void;
  /** What the next applications answer, in order; afterwards the last one again. */
  answer(...outcomes: readonly PolicyOutcome[]): void;
  /** Lets so many looks happen. */
  looks(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** An outcome's memory with this digest and these password files. */
export function memoryOf(
  contentDigest: string | null,
  passwordFiles: readonly string[] = [],
): PolicyMemory {
  return { key: "00", contentDigest, passwordDigests: [], passwordFiles };
}

export const appliedWith = (memory: PolicyMemory): PolicyOutcome => ({
  kind: "applied",
  counts: "1 new, 0 changed, 0 removed",
  memory,
});

export const applied: PolicyOutcome = appliedWith(memoryOf("first"));

/** Started, with its first application over; the file was written long ago. */
export async function openKeeper(...outcomes: readonly PolicyOutcome[]): Promise<KeeperSite> {
  const log: LogEvent[] = [];
  const orders: PolicyFileOrder[] = [];
  let signature = "first";
  let answers = [...outcomes];
  let resume: (() => void) | null = null;
  const look = async (paths: readonly string[]): Promise<Look> => ({
    signature: JSON.stringify([paths, signature]),
    isOld: true,
  });
  const start = (order: PolicyFileOrder) => {
    orders.push(order);
    const [outcome] = answers;
    if (answers.length > 1) answers = answers.slice(1);
    if (outcome === undefined) throw new Error("no answer was prepared");
    return { outcome: Promise.resolve(outcome), stop: () => undefined };
  };
  const pause = async (milliseconds: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(new Error("aborted"));
      };
      signal.addEventListener("abort", abort);
      // Two minutes: the limit of the start, which never comes here.
      if (milliseconds > 100_000) return;
      resume = () => {
        signal.removeEventListener("abort", abort);
        resolve();
      };
    });
  const note = (event: LogEvent): void => {
    log.push(event);
  };
  const loaded = { config: { policy: { file: POLICY_PATH } } } as unknown as LoadedConfig;
  const keeper = await keepPolicyFile(
    {
      loaded,
      clock: { now: () => 1_800_000_003 },
      log: { info: note, warn: note, error: note, debug: note },
    },
    { look, start, pause },
  );
  if (keeper === null) throw new Error("there is no keeper");
  return {
    keeper,
    log,
    orders,
    see: (next) => {
      signature = next;
    },
    answer: (...next) => {
      answers = [...next];
    },
    looks: async (count) => {
      for (let left = count; left > 0; left -= 1) {
        while (resume === null) await turn();
        const go: () => void = resume;
        resume = null;
        go();
        while ((resume as (() => void) | null) === null) await turn();
      }
    },
    stop: () => keeper.stop(),
  };
}
