// Use cases on the audit of changes: which ones, and forgetting the old ones.
import type { Change, ChangeName } from "../domain/change.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import { usage, type Refusal } from "./refusal.js";
import { parseTime } from "./when.js";

const DAY = 86_400;
const LIMIT_MAX = 100_000;

/** As on the command line; absent members hold nothing back. */
export interface ChangeQuery {
  readonly account?: string;
  readonly group?: string;
  readonly image?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

/** The newest changes that fit, in the order in which they were made. */
export async function listChanges(
  query: ChangeQuery,
  context: AdminContext,
): Promise<Result<readonly Change[], Refusal>> {
  const names = namesOf(query);
  if (names.length > 1) return usage("name one of --account, --group and --image");
  if (!/^[1-9]\d*$/.test(query.limit) || Number(query.limit) > LIMIT_MAX) {
    return usage(`--limit is a whole number from 1 to ${LIMIT_MAX}`);
  }
  const now = context.clock.now();
  const since = parseBound(query.since, now);
  if (!since.ok) return since;
  const until = parseBound(query.until, now);
  if (!until.ok) return until;
  const changes = await context.store.changes.list({
    name: names[0] ?? null,
    actor: query.actor ?? null,
    since: since.value,
    until: until.value,
    limit: Number(query.limit),
  });
  return ok(changes);
}

const parseBound = (text: string | undefined, now: number): Result<number | null, Refusal> =>
  text === undefined ? ok(null) : parseTime(text, now);

function namesOf({ account, group, image }: ChangeQuery): readonly ChangeName[] {
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
