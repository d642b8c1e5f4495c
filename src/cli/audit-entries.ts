// One line of the audit, as words for people and as data for scripts.
import type { AuditEntry } from "../admin/audit-admin.js";
import { formatReference, type RefusalSum, type Sum, type TokenSum } from "../domain/activity.js";
import type { Change } from "../domain/change.js";
import { describeChange } from "./change-words.js";
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
  gate_bypassed: "gate bypassed, the registry gave it without the gate being asked",
  busy: "too many sign-ins at once",
  unavailable: "the store could not be asked",
  unknown_service: "the service is not in token.services",
  missing_service: "the request named no service",
  tokens_only: "passwords are not accepted, only personal tokens and robots (passwords.use)",
  bad_secret: "no token, secret or login is this one",
  wrong_name: "the token or secret belongs to another account",
  nameless: "a token without its account's name",
  throttled_account: "too many wrong passwords for this name",
  throttled_network: "too many wrong passwords from this network",
  credential_unknown: "a login of an account that is gone, or long ended",
  credential_revoked: "it was revoked",
  credential_idle: "it was not used for too long",
  credential_password_changed: "the password was changed since",
  credential_account_disabled: "the account is disabled",
  credential_account_ended: "the account has ended",
  credential_account_removed: "the account was removed",
  credential_displaced: "newer logins took its place",
  credential_rotated: "newer secrets took its place",
  credential_other_service: "it is for another service",
  unconfirmed: "it is from before a restore and not yet confirmed",
};

/** `bad_password` → `wrong password`. */
export const formatRefusalReason = (reason: string): string =>
  REASONS[reason] ?? reason.replaceAll("_", " ");

/** Who it was, where they said so. */
export const formatWho = (name: string): string => (name === "" ? "@anonymous" : name);

const actionsOf = (list: string): readonly string[] => (list === "" ? [] : list.split(","));

/** The credential has a number: a personal token, a robot's secret or a login. */
export const isNumbered = (credential: string): boolean =>
  /^(?:token|secret|refresh):\d+$/.test(credential);

/** `pull,push of team/app`, with what of it was given; a sign-in alone asks for nothing. */
export function describeRefused(refusal: RefusalSum): string {
  const { asked, given, image, reason, credential } = refusal;
  const isOwnEnd = reason === "credential_expired";
  const why = isOwnEnd ? `${credential} has expired` : formatRefusalReason(reason);
  const got = given === "" ? "" : `, got ${given}`;
  const wish = image === "" ? "" : `asked ${asked === "" ? "nothing" : asked}${got}: `;
  return `${wish}${why}`;
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
    describeChange(change),
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
