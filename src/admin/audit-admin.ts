// Use cases on the audit: what was changed, refused and given, in one line of time; and forgetting what is old.
import type { RefusalSum, TokenSum } from "../domain/activity.js";
import type { Change, ChangeFilter } from "../domain/change.js";
import { ok, type Result } from "../domain/result.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { LIMIT_MAX, readAuditQuery, type AuditQuery } from "./audit-query.js";
import type { Refusal } from "./refusal.js";

const DAY = 86_400;

/** One line of the audit; a sum of refusals or tokens stands at the time of its last one. */
export type AuditEntry =
  | { readonly outcome: "changed"; readonly at: EpochSeconds; readonly change: Change }
  | { readonly outcome: "refused"; readonly at: EpochSeconds; readonly refusal: RefusalSum }
  | { readonly outcome: "given"; readonly at: EpochSeconds; readonly use: TokenSum };

export interface FoundAudit {
  /** The newest that fit, in the order of time. */
  readonly entries: readonly AuditEntry[];
  /** Where an account that was renamed has what is older; empty otherwise. */
  readonly notes: readonly string[];
}

/** What is on record for a query; malformed words are refused. */
export async function listAudit(
  query: AuditQuery,
  context: AdminContext,
): Promise<Result<FoundAudit, Refusal>> {
  const read = readAuditQuery(query, context.clock.now());
  if (!read.ok) return read;
  const { changes, activity, outcomes } = read.value;
  const entries: AuditEntry[] = [];
  if (outcomes.includes("changed")) {
    entries.push(...(await context.store.changes.list(changes)).map(toChanged));
  }
  if (outcomes.includes("refused")) {
    entries.push(...(await context.activity.listRefusals(activity)).map(toRefused));
  }
  if (outcomes.includes("given")) {
    entries.push(...(await context.activity.listTokens(activity)).map(toGiven));
  }
  const sorted = entries.sort((a, b) => a.at - b.at).slice(-changes.limit);
  return ok({ entries: sorted, notes: await describeEarlierName(changes, context) });
}

/** Names can be given anew: what is under an earlier one is somebody else's as well, so that it is not put among the rest. */
async function describeEarlierName(
  { name, since }: ChangeFilter,
  { store }: AdminContext,
): Promise<readonly string[]> {
  if (name?.kind !== "account") return [];
  const everything = { actor: null, service: null, since, until: null, limit: LIMIT_MAX };
  const renamed = (await store.changes.list({ name, ...everything })).findLast(
    ({ before, after }) =>
      after?.["name"] === name.name && before !== null && before["name"] !== name.name,
  );
  if (renamed === undefined) return [];
  const [old, at] = [String(renamed.before?.["name"]), formatTime(renamed.at)];
  return [
    `${name.name} was ${old} until ${at}; what is older: dockwarden audit list --account ${old} --until ${at}`,
  ];
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

/** Forgets changes older than so many days; answers how many. */
export async function pruneChanges(retentionDays: number, context: AdminContext): Promise<number> {
  return context.store.changes.prune(context.clock.now() - retentionDays * DAY);
}

/** Forgets credentials that ended more than so many days ago; answers how many. */
export async function pruneCredentials(
  retentionDays: number,
  context: AdminContext,
): Promise<number> {
  return context.store.credentials.prune(context.clock.now() - retentionDays * DAY);
}

/** Forgets sums of refusals and tokens older than so many days, hour by hour; answers how many. */
export async function pruneActivity(
  retentionDays: number,
  context: AdminContext,
  onProgress: (rows: number) => void,
): Promise<number> {
  const now = context.clock.now();
  return context.activity.prune(now - retentionDays * DAY, now, onProgress);
}
