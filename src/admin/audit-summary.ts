// A stretch of the audit on one page: odd things first, then what was refused, changed and given most.
import type { ActivitySummary } from "../domain/activity-summary.js";
import { ok, type Result } from "../domain/result.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import type { Refusal } from "./refusal.js";
import { parseTime } from "./when.js";

/** So many rows of each kind. */
const TOP = 10;
/** Fewer wrong passwords are a person's own. */
const GUESSES_MIN = 10;
const CHANGES_MAX = 100_000;

export interface Oddity {
  readonly code:
    | "guessed-passwords"
    | "unknown-names"
    | "inactive-accounts"
    | "new-address"
    | "too-many-kinds"
    | "sign-ins-shed"
    | "claimed-changes";
  readonly text: string;
}

export interface AuditSummary extends ActivitySummary {
  readonly since: EpochSeconds;
  /** Since when refusals and tokens are on record; null: never yet. */
  readonly beginsAt: EpochSeconds | null;
  readonly oddities: readonly Oddity[];
  /** Changes by verb and actor, the most first. */
  readonly changes: readonly {
    readonly verb: string;
    readonly actor: string;
    readonly count: number;
  }[];
}

/** `since` as on the command line. */
export async function summarizeAudit(
  sinceText: string,
  context: AdminContext,
): Promise<Result<AuditSummary, Refusal>> {
  const since = parseTime(sinceText, context.clock.now());
  if (!since.ok) return since;
  const activity = await context.activity.summarize(since.value, TOP);
  const changes = await context.store.changes.list({
    name: null,
    actor: null,
    service: null,
    since: since.value,
    until: null,
    limit: CHANGES_MAX,
  });
  const claimed = changes.filter(({ actor }) => actor.isClaimed).length;
  const counted = new Map<string, { verb: string; actor: string; count: number }>();
  for (const { verb, actor } of changes) {
    const key = `${verb}\n${actor.name}`;
    const earlier = counted.get(key) ?? { verb, actor: actor.name, count: 0 };
    counted.set(key, { ...earlier, count: earlier.count + 1 });
  }
  return ok({
    ...activity,
    since: since.value,
    beginsAt: await context.activity.beginsAt(),
    oddities: findOddities(activity, claimed),
    changes: [...counted.values()].sort((a, b) => b.count - a.count).slice(0, TOP),
  });
}

function findOddities(activity: ActivitySummary, claimed: number): readonly Oddity[] {
  const { failures, newAddresses, restCount, shedCount, unknownNames } = activity;
  const guessed = failures.filter(
    ({ reason, count }) => reason === "bad_password" && count >= GUESSES_MIN,
  );
  const inactive = failures.filter(({ reason }) => reason === "disabled" || reason === "expired");
  return [
    ...guessed.map(({ tried, count, lastAt, addresses }) => ({
      code: "guessed-passwords" as const,
      text: `${count} wrong passwords for ${tried}, the last at ${formatTime(lastAt)}, from ${nameSome(addresses)}`,
    })),
    ...(unknownNames.count === 0
      ? []
      : [
          {
            code: "unknown-names" as const,
            text: `${unknownNames.count} sign-ins with names that no account has (${nameSome(unknownNames.names)}), from ${nameSome(unknownNames.addresses)}`,
          },
        ]),
    ...inactive.map(({ tried, count, reason, addresses }) => ({
      code: "inactive-accounts" as const,
      text: `${tried} is ${reason === "expired" ? "ended" : reason} and was tried ${count} times, from ${nameSome(addresses)}`,
    })),
    ...newAddresses.map(({ account, addresses }) => ({
      code: "new-address" as const,
      text: `${account} was given tokens at new addresses: ${nameSome(addresses)}`,
    })),
    ...(shedCount === 0
      ? []
      : [
          {
            code: "sign-ins-shed" as const,
            text: `${shedCount} requests were turned away because too many signed in at once, or the store could not be asked`,
          },
        ]),
    ...(restCount === 0
      ? []
      : [
          {
            code: "too-many-kinds" as const,
            text: `${restCount} requests were of so many kinds in an hour that they are counted only: a flood, or an account that uses very many images`,
          },
        ]),
    ...(claimed === 0
      ? []
      : [
          {
            code: "claimed-changes" as const,
            text: `${claimed} changes were made under a claimed name (DOCKWARDEN_ACTOR)`,
          },
        ]),
  ];
}

/** `a, b, c and 4 more`. */
function nameSome(names: readonly string[], most = 4): string {
  const more = names.length - most;
  const named = names.slice(0, most).join(", ");
  return more > 0 ? `${named} and ${more} more` : named;
}
