// Use cases on the audit: what was changed, refused and given, in one line of time; and forgetting what is old.
import type { ActivityFilter, RefusalSum, TokenSum } from "../domain/activity.js";
import type { Change, ChangeFilter, ChangeName } from "../domain/change.js";
import { parseImagePattern } from "../domain/image-pattern.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { usage, type Refusal } from "./refusal.js";
import { parseTime } from "./when.js";

const DAY = 86_400;
const LIMIT_MAX = 100_000;

export const AUDIT_OUTCOMES = ["changed", "refused", "given"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** One line of the audit; a sum of refusals or tokens stands at the time of its last one. */
export type AuditEntry =
  | { readonly outcome: "changed"; readonly at: EpochSeconds; readonly change: Change }
  | { readonly outcome: "refused"; readonly at: EpochSeconds; readonly refusal: RefusalSum }
  | { readonly outcome: "given"; readonly at: EpochSeconds; readonly use: TokenSum };

/** As on the command line; absent members hold nothing back. */
export interface AuditQuery {
  readonly account?: string;
  readonly group?: string;
  readonly image?: string;
  readonly actor?: string;
  /** Comma-separated. */
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

/** The newest entries that fit, in the order of time. */
export async function listAudit(
  query: AuditQuery,
  context: AdminContext,
): Promise<Result<readonly AuditEntry[], Refusal>> {
  const filter = readFilter(query, context.clock.now());
  if (!filter.ok) return filter;
  const outcomes = readOutcomes(query);
  if (!outcomes.ok) return outcomes;
  const { changes, activity, limit } = filter.value;
  const entries: AuditEntry[] = [];
  if (outcomes.value.includes("changed")) {
    entries.push(...(await context.store.changes.list(changes)).map(toChanged));
  }
  if (activity !== null && outcomes.value.includes("refused")) {
    entries.push(...(await context.activity.listRefusals(activity)).map(toRefused));
  }
  if (activity !== null && outcomes.value.includes("given")) {
    entries.push(...(await context.activity.listTokens(activity)).map(toGiven));
  }
  return ok(entries.sort((a, b) => a.at - b.at).slice(-limit));
}

export const toChanged = (change: Change): AuditEntry => ({
  outcome: "changed",
  at: change.at,
  change,
});
export const toRefused = (refusal: RefusalSum): AuditEntry => ({
  outcome: "refused",
  at: refusal.lastAt,
  refusal,
});
export const toGiven = (use: TokenSum): AuditEntry => ({ outcome: "given", at: use.lastAt, use });

/** Of a group or an actor only changes are known. */
function readOutcomes({
  outcome,
  group,
  actor,
}: AuditQuery): Result<readonly AuditOutcome[], Refusal> {
  const isChangeOnly = group !== undefined || actor !== undefined;
  if (outcome === undefined) return ok(isChangeOnly ? ["changed"] : AUDIT_OUTCOMES);
  const words = outcome.split(",").map((word) => word.trim());
  const outcomes = AUDIT_OUTCOMES.filter((known) => words.includes(known));
  if (outcomes.length < words.length) {
    return usage(`--outcome is one or more of ${AUDIT_OUTCOMES.join(", ")}`);
  }
  if (isChangeOnly && outcomes.some((each) => each !== "changed")) {
    return usage("--group and --actor find changes only: leave --outcome out");
  }
  return ok(outcomes);
}

interface AuditFilter {
  readonly changes: ChangeFilter;
  /** Null: no refusal and no token can fit. */
  readonly activity: ActivityFilter | null;
  readonly limit: number;
}

function readFilter(query: AuditQuery, now: EpochSeconds): Result<AuditFilter, Refusal> {
  const names = namesOf(query);
  if (names.length > 1) return usage("name one of --account, --group and --image");
  if (!/^[1-9]\d*$/.test(query.limit) || Number(query.limit) > LIMIT_MAX) {
    return usage(`--limit is a whole number from 1 to ${LIMIT_MAX}`);
  }
  const since = parseBound(query.since, now);
  if (!since.ok) return since;
  const until = parseBound(query.until, now);
  if (!until.ok) return until;
  const span = { since: since.value, until: until.value, limit: Number(query.limit) };
  const image = query.image === undefined ? null : parseImagePattern(query.image, null);
  // The empty name is that of those who did not sign in.
  const account = query.account?.toLowerCase().replace(/^@anonymous$/, "") ?? null;
  const changes = { name: names[0] ?? null, actor: query.actor ?? null, ...span };
  const { limit } = span;
  if (image === null) return ok({ changes, activity: { account, image, ...span }, limit });
  const activity = image.ok ? { account, image: image.value, ...span } : null;
  return ok({ changes, activity, limit });
}

const parseBound = (text: string | undefined, now: number): Result<number | null, Refusal> =>
  text === undefined ? ok(null) : parseTime(text, now);

function namesOf({ account, group, image }: AuditQuery): readonly ChangeName[] {
  return [
    ...(account === undefined ? [] : [{ kind: "account" as const, name: account.toLowerCase() }]),
    ...(group === undefined ? [] : [{ kind: "group" as const, name: group.toLowerCase() }]),
    ...(image === undefined ? [] : [{ kind: "image" as const, name: image }]),
  ];
}

/** Forgets changes older than so many days; answers how many. */
export async function pruneChanges(retentionDays: number, context: AdminContext): Promise<number> {
  return context.store.changes.prune(context.clock.now() - retentionDays * DAY);
}

/** Forgets sums of refusals and tokens older than so many days, hour by hour; answers how many. */
export async function pruneActivity(
  retentionDays: number,
  context: AdminContext,
  onProgress: (rows: number) => void,
): Promise<number> {
  return context.activity.prune(context.clock.now() - retentionDays * DAY, onProgress);
}
