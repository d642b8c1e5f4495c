// One line of the audit, as words for people and as data for scripts.
import type { AuditEntry } from "../admin/audit-admin.js";
import { formatReference, type RefusalSum, type Sum, type TokenSum } from "../domain/activity.js";
import type { Change, ChangeState } from "../domain/change.js";
import { formatEnd } from "./output.js";

export const AUDIT_HEAD = ["at", "who", "what", "object", "details"] as const;

/** The cells under AUDIT_HEAD. */
export function toAuditRow(entry: AuditEntry): readonly string[] {
  switch (entry.outcome) {
    case "changed":
      return toChangeRow(entry.change);
    case "refused":
      return toRefusalRow(entry.refusal);
    case "given":
      return toTokenRow(entry.use);
  }
}

/** The same as data; which members there are depends on `outcome`. */
export function toPublicEntry(entry: AuditEntry): Record<string, unknown> {
  switch (entry.outcome) {
    case "changed":
      return { outcome: entry.outcome, ...toPublicChange(entry.change) };
    case "refused":
      return { outcome: entry.outcome, ...toPublicRefusal(entry.refusal) };
    case "given":
      return { outcome: entry.outcome, ...toPublicToken(entry.use) };
  }
}

const REASONS: Readonly<Record<string, string>> = {
  not_allowed: "not allowed",
  bad_password: "wrong password",
  unknown_account: "no account has this name",
  disabled: "the account is disabled",
  expired: "the account has ended",
  no_password: "the account has no password",
  password_too_old: "the password is too old",
  busy: "too many sign-ins at once",
  unavailable: "the store could not be asked",
  unknown_service: "the service is not in token.services",
  missing_service: "the request named no service",
};

/** `bad_password` → `wrong password`. */
export const formatRefusalReason = (reason: string): string =>
  REASONS[reason] ?? reason.replaceAll("_", " ");

/** Who it was, where they said so. */
export const formatWho = (name: string): string => (name === "" ? "@anonymous" : name);

const actionsOf = (list: string): readonly string[] => (list === "" ? [] : list.split(","));

/** `pull,push of team/app`, with what of it was given; a sign-in alone asks for nothing. */
export function describeRefused({ asked, given, image, reason }: RefusalSum): string {
  const got = given === "" ? "" : `, got ${given}`;
  const wish = image === "" ? "" : `asked ${asked === "" ? "nothing" : asked}${got}: `;
  return `${wish}${formatRefusalReason(reason)}`;
}

/** `12 times since …, from 192.0.2.1 and others`. */
export function describeSum({ count, firstAt, lastAt, addresses, otherCount }: Sum): string {
  const often = count === 1 ? "once" : `${count} times`;
  const since = firstAt === lastAt ? "" : ` since ${formatEnd(firstAt)}`;
  const more = otherCount === 0 ? "" : ` and ${otherCount} times from others`;
  return `${often}${since}, from ${addresses.join(", ")}${more}`;
}

function toRefusalRow(refusal: RefusalSum): readonly string[] {
  const { tried, image, isRest, program, lastAt, reference } = refusal;
  const at = formatEnd(lastAt);
  if (isRest) {
    const details = `more kinds than are kept: ${describeSum(refusal)}; each is in the server's log with ref ${formatReference(reference)}`;
    return [at, "many", "refused", "", details];
  }
  const by = program === "" ? "" : ` by ${program}`;
  const details = `${describeRefused(refusal)}; ${describeSum(refusal)}${by}; ref ${formatReference(reference)}`;
  return [at, formatWho(tried), "refused", image === "" ? "sign-in" : image, details];
}

function toTokenRow(use: TokenSum): readonly string[] {
  const { account, credential, image, actions, isRest, lastAt } = use;
  const at = formatEnd(lastAt);
  if (isRest) return [at, "many", "given", "", `more kinds than are kept: ${describeSum(use)}`];
  const by = credential === "" ? "" : ` by ${credential}`;
  const what = actions === "" ? "nothing asked" : actions;
  return [
    at,
    formatWho(account),
    "given",
    image === "" ? "sign-in" : image,
    `${what}; ${describeSum(use)}${by}`,
  ];
}

function toChangeRow(change: Change): readonly string[] {
  return [
    formatEnd(change.at),
    change.actor.isClaimed ? `${change.actor.name} (claimed)` : change.actor.name,
    change.verb,
    change.object,
    formatDifference(change.before, change.after),
  ];
}

function toPublicChange(change: Change): Record<string, unknown> {
  return {
    id: change.id,
    at: formatEnd(change.at),
    actor: change.actor.name,
    actorClaimed: change.actor.isClaimed,
    verb: change.verb,
    object: change.object,
    before: change.before,
    after: change.after,
  };
}

const toPublicSum = (sum: Sum): Record<string, unknown> => ({
  at: formatEnd(sum.lastAt),
  firstAt: formatEnd(sum.firstAt),
  count: sum.count,
  addresses: sum.addresses,
  otherAddressesCount: sum.otherCount,
  isRest: sum.isRest,
});

/** A refusal as scripts see it; `account` is the name that was tried, null for nobody. */
export function toPublicRefusal(refusal: RefusalSum): Record<string, unknown> {
  return {
    ...toPublicSum(refusal),
    reference: formatReference(refusal.reference),
    account: refusal.tried === "" ? null : refusal.tried,
    credential: refusal.credential === "" ? null : refusal.credential,
    service: refusal.service,
    image: refusal.image === "" ? null : refusal.image,
    asked: actionsOf(refusal.asked),
    given: actionsOf(refusal.given),
    reason: refusal.reason,
    path: refusal.path === "" ? [] : refusal.path.split("\n"),
    program: refusal.program,
  };
}

const toPublicToken = (use: TokenSum): Record<string, unknown> => ({
  ...toPublicSum(use),
  account: use.account === "" ? null : use.account,
  credential: use.credential === "" ? null : use.credential,
  service: use.service,
  image: use.image === "" ? null : use.image,
  actions: actionsOf(use.actions),
});
/** Only what differs: `permissions: view, pull → view`; of what is new or gone everything that says something. */
function formatDifference(before: ChangeState, after: ChangeState): string {
  const keys = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const parts = keys.flatMap((key) => {
    const [old, now] = [formatValue(before?.[key]), formatValue(after?.[key])];
    const isIdentity = (key === "name" && (before === null || after === null)) || key === "kind";
    if (old === now || isIdentity) return [];
    if (before === null || old === "") return [`${key}: ${now}`];
    return [`${key}: ${old} → ${now === "" ? "nothing" : now}`];
  });
  return parts.join("; ");
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(formatValue).join(", ");
  if (typeof value === "object" && value !== null) {
    // A grant within an image.
    const { subject, actions } = value as Readonly<Record<string, unknown>>;
    return `${formatValue(subject)} (${formatValue(actions)})`;
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? String(value)
    : "";
}
