// Finds pulls that the registry reports and the gate was never asked about: its port can be reached past the door.
import type { ActivityRecorder } from "./domain/activity.js";
import { parseName } from "./domain/account.js";
import type { GateBypass, LedgerStore, PullNote, RegistryEvent } from "./domain/ledger.js";
import type { Clock, EpochSeconds } from "./domain/time.js";
import type { Logger } from "./http/log.js";

export interface GateWatchOptions {
  /** Throws StoreUnavailable where the ledger can't be asked now. */
  readonly use: () => Pick<LedgerStore, "hasPull" | "noteBypass">;
  readonly activity: ActivityRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface GateWatch {
  /** What the gate let pass in this process. */
  passed(note: PullNote): void;
  /** What a registry reports; judged later. */
  reported(event: RegistryEvent): void;
  /** Judges what has waited long enough; throws StoreUnavailable, and goes on from there the next time. */
  judge(): Promise<void>;
}

interface Suspect extends Omit<GateBypass, "count" | "firstAt"> {
  readonly address: string;
  /** A pass since then clears it: the registry's clock may be ahead of ours or behind. */
  readonly since: EpochSeconds;
  readonly dueAt: EpochSeconds;
}

/** So long the gate's own notes may take, in other processes too. */
const PATIENCE_SECONDS = 10;
/** How much earlier than the pull the gate may have been asked. */
const AROUND_SECONDS = 60;
const REMEMBERED_SECONDS = 900;
const PASSES_MAX = 50_000;
const SUSPECTS_MAX = 10_000;
/** One line a minute for each account and repository. */
const REPEAT_SECONDS = 60;
const LOGGED_MAX = 1000;
const MICROSECONDS = 1_000_000;

type Who = Pick<GateBypass, "service" | "repository" | "account">;
const keyOf = ({ service, repository, account }: Who): string =>
  [service, repository, account].join("\n");

/** Judges nothing that happened before it began: then another process, or none, was asked. */
export function watchGate({ use, activity, clock, log }: GateWatchOptions): GateWatch {
  const startedAt = clock.now();
  const passes = new Map<string, EpochSeconds>();
  const logged = new Map<string, EpochSeconds>();
  const suspects: Suspect[] = [];

  const accuse = async (suspect: Suspect): Promise<void> => {
    const { service, repository, account, lastAt, address } = suspect;
    await use().noteBypass({ service, repository, account, lastAt });
    const name = parseName(account);
    activity.refused(
      {
        isStranger: name === null,
        isSignIn: false,
        tried: name ?? "",
        credential: "",
        service,
        image: repository,
        asked: "pull",
        given: "",
        reason: "gate_bypassed",
        path: () => "the registry reports a pull that the gate was not asked about",
      },
      { address, program: "" },
    );
    const now = clock.now();
    const key = keyOf(suspect);
    if (now - (logged.get(key) ?? -Infinity) < REPEAT_SECONDS) return;
    remember(logged, key, { at: now, most: LOGGED_MAX });
    log.warn({ evt: "gate.bypassed", service, repository, account, ip: address });
  };
  const isCleared = async (suspect: Suspect): Promise<boolean> => {
    if ((passes.get(keyOf(suspect)) ?? -Infinity) >= suspect.since) return true;
    return use().hasPull(suspect, suspect.account, suspect.since);
  };
  return {
    passed: (note) => {
      remember(passes, keyOf(note), { at: note.at, most: PASSES_MAX });
    },
    reported: ({ act }) => {
      // A look brings no content, and pushes make many.
      if (act.kind !== "pull" || act.method !== "GET") return;
      const now = clock.now();
      const at = Math.floor(act.at / MICROSECONDS);
      if (at < startedAt || suspects.length >= SUSPECTS_MAX) return;
      const { service, repository, actor: account, address } = act;
      const since = Math.min(at, now) - AROUND_SECONDS;
      const who = { service, repository, account, address };
      suspects.push({
        ...who,
        lastAt: Math.min(at, now),
        since,
        dueAt: now + PATIENCE_SECONDS,
      });
    },
    judge: async () => {
      const now = clock.now();
      for (const [key, at] of passes) if (at < now - REMEMBERED_SECONDS) passes.delete(key);
      for (;;) {
        const [suspect] = suspects;
        if (suspect === undefined || suspect.dueAt > now) return;
        if (!(await isCleared(suspect))) await accuse(suspect);
        suspects.shift();
      }
    },
  };
}

/** The newest last; the oldest go. */
function remember(
  times: Map<string, EpochSeconds>,
  key: string,
  { at, most }: { readonly at: EpochSeconds; readonly most: number },
): void {
  const latest = Math.max(at, times.get(key) ?? at);
  times.delete(key);
  times.set(key, latest);
  if (times.size <= most) return;
  const [oldest] = times.keys();
  if (oldest !== undefined) times.delete(oldest);
}
