// What is asked of the audit: words of a query into filters of the changes and of the sums.
import { NAME_RULE, parseName } from "../domain/account.js";
import type { ActivityFilter } from "../domain/activity.js";
import type { ChangeFilter, ChangeName } from "../domain/change.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import { usage, type Refusal } from "./refusal.js";
import { parseTime } from "./when.js";

export const LIMIT_MAX = 100_000;

export const AUDIT_OUTCOMES = ["changed", "refused", "given"] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/** As on the command line, the image read already; absent members hold nothing back. */
export interface AuditQuery {
  readonly account?: string;
  readonly group?: string;
  readonly image?: ImagePattern;
  /** One of `token.services`. */
  readonly service?: string;
  readonly actor?: string;
  /** Comma-separated. */
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

export interface AuditFilters {
  readonly changes: ChangeFilter;
  readonly activity: ActivityFilter;
  readonly outcomes: readonly AuditOutcome[];
}

/** The filters, or what is wrong with the words. */
export function readAuditQuery(
  query: AuditQuery,
  now: EpochSeconds,
): Result<AuditFilters, Refusal> {
  const outcomes = readOutcomes(query);
  if (!outcomes.ok) return outcomes;
  const name = readName(query);
  if (!name.ok) return name;
  if (!/^[1-9]\d*$/.test(query.limit) || Number(query.limit) > LIMIT_MAX) {
    return usage(`--limit is a whole number from 1 to ${LIMIT_MAX}`);
  }
  const since = parseBound(query.since, now);
  if (!since.ok) return since;
  const until = parseBound(query.until, now);
  if (!until.ok) return until;
  const { image = null, service = null, actor = null } = query;
  const span = { since: since.value, until: until.value, limit: Number(query.limit) };
  return ok({
    changes: { name: name.value, actor, service, ...span },
    activity: { account: toTriedName(name.value), image, service, ...span },
    outcomes: outcomes.value,
  });
}

/** The empty name is that of those who did not sign in. */
function toTriedName(name: ChangeName | null): string | null {
  if (name?.kind !== "account") return null;
  return name.name === "@anonymous" ? "" : name.name;
}

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
  if (words.some((word) => !outcomes.some((known) => known === word))) {
    return usage(`--outcome is one or more of ${AUDIT_OUTCOMES.join(", ")}, joined by commas`);
  }
  if (isChangeOnly && outcomes.some((each) => each !== "changed")) {
    return usage("--group and --actor find changes only: leave --outcome out");
  }
  return ok(outcomes);
}

function readName({ account, group, image }: AuditQuery): Result<ChangeName | null, Refusal> {
  const count = [account, group, image].filter((given) => given !== undefined).length;
  if (count > 1) return usage("name one of --account, --group and --image");
  if (image !== undefined) return ok({ kind: "image", name: formatImagePattern(image) });
  if (account === "@anonymous") return ok({ kind: "account", name: account });
  const text = account ?? group;
  if (text === undefined) return ok(null);
  const name = parseName(text);
  if (name !== null) return ok({ kind: account === undefined ? "group" : "account", name });
  const [option, others] =
    account === undefined ? ["--group", ""] : ["--account", "@anonymous or "];
  return usage(`${option} got ${JSON.stringify(text)}; it takes ${others}a name: ${NAME_RULE}`);
}

const parseBound = (text: string | undefined, now: number): Result<number | null, Refusal> =>
  text === undefined ? ok(null) : parseTime(text, now);
