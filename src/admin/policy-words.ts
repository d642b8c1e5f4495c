// The steps of a plan in words, a line each.
import type { Permission } from "../domain/action.js";
import { ACTIONS } from "../domain/action.js";
import { formatSubject } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { ImageChange, NewGrant, NewImage, RegisteredImage } from "../domain/ports.js";
import type { PolicyStep } from "../domain/stated-policy.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import { formatSubjectName } from "./subject-reference.js";

const NAMED_MAX = 10;

/** `+ user developer: view, pull` and so on: `+` is new, `~` changes, `-` goes. */
export function describeStep(step: PolicyStep): string {
  switch (step.kind) {
    case "account.add":
      return `+ ${step.account.kind} ${step.account.name}: ${describeNew(step.account)}`;
    case "account.update":
      return `~ ${step.before.account.kind} ${step.name}: ${describeChange(step)}`;
    case "account.remove":
      return `- ${step.before.account.kind} ${step.name}, with its credentials and grants`;
    case "group.add":
      return `+ group ${step.name}: ${list(step.members)}`;
    case "group.members":
      return `~ group ${step.name}: ${describeMembers(step)}`;
    case "group.remove":
      return `- group ${step.name}, with its grants`;
    case "image.register":
      return `+ image ${spell(step.image.pattern)}: ${describeImage(step.image)}`;
    case "image.update":
      return `~ image ${spell(step.pattern)}: ${describeImageChange(step)}`;
    case "image.unregister":
      return `- image ${spell(step.pattern)}, with its grants (${list(step.before.grants.map(({ subject }) => formatSubject(subject)))})`;
  }
}

/** `3 new, 1 changed, 0 removed`. */
export function countSteps(steps: readonly PolicyStep[]): string {
  const count = (mark: string): number =>
    steps.filter((step) => describeStep(step).startsWith(mark)).length;
  return `${count("+")} new, ${count("~")} changed, ${count("-")} removed`;
}

const spell = (pattern: ImagePattern): string =>
  pattern.service === null
    ? formatImagePattern(pattern)
    : `${formatImagePattern(pattern)} on ${pattern.service}`;

function list(words: readonly string[]): string {
  const more = words.length - NAMED_MAX;
  const named = words.slice(0, NAMED_MAX).join(", ");
  if (words.length === 0) return "nobody";
  return more > 0 ? `${named} and ${more} more` : named;
}

const permissionsOf = (permissions: readonly Permission[]): string =>
  permissions.length === 0 ? "no permissions" : permissions.join(", ");

const endOf = (end: EpochSeconds | null): string =>
  end === null ? "no end" : `until ${formatTime(end)}`;

function describeNew(account: Extract<PolicyStep, { kind: "account.add" }>["account"]): string {
  const secret =
    account.kind === "robot"
      ? `no secret yet (dockwarden robot rotate ${account.name})`
      : `no password yet (dockwarden user passwd ${account.name})`;
  const words = [
    permissionsOf(account.permissions),
    ...(account.email === null ? [] : [account.email]),
    ...(account.owner == null ? [] : [`owned by ${account.owner}`]),
    ...(account.expiresAt === null ? [] : [endOf(account.expiresAt)]),
    ...(account.isEnabled ? [] : ["disabled"]),
    account.passwordHash === null ? secret : "with its password",
  ];
  return words.join("; ");
}

function describeChange({
  before,
  change,
}: Extract<PolicyStep, { kind: "account.update" }>): string {
  const { account } = before;
  const words = [
    ...(change.permissions === undefined
      ? []
      : [`${permissionsOf(account.permissions)} → ${permissionsOf(change.permissions)}`]),
    ...(change.email === undefined
      ? []
      : [`email ${account.email ?? "none"} → ${change.email ?? "none"}`]),
    ...(change.expiresAt === undefined
      ? []
      : [`${endOf(account.expiresAt)} → ${endOf(change.expiresAt)}`]),
    ...(change.isEnabled === undefined ? [] : [change.isEnabled ? "enabled" : "disabled"]),
    ...(change.owner === undefined
      ? []
      : [`owner ${before.owner ?? "nobody"} → ${change.owner ?? "nobody"}`]),
    ...(change.passwordHash === undefined ? [] : ["another password, which ends its logins"]),
  ];
  return words.join("; ");
}

function describeMembers({
  added,
  removed,
}: Extract<PolicyStep, { kind: "group.members" }>): string {
  const words = [
    ...(added.length === 0 ? [] : [`${list(added)} joins`]),
    ...(removed.length === 0 ? [] : [`${list(removed)} leaves`]),
  ];
  return words.join("; ");
}

/** `developer (pull), group:ml`; all actions are not named. */
function describeGrants(grants: readonly NewGrant[]): string {
  return list(
    grants.map(({ subject, actions, expiresAt }) => {
      const end = expiresAt === null ? [] : [endOf(expiresAt)];
      const limits = [...(actions.length === ACTIONS.length ? [] : [actions.join(", ")]), ...end];
      const name = formatSubjectName(subject);
      return limits.length === 0 ? name : `${name} (${limits.join("; ")})`;
    }),
  );
}

function describeImage({ isExclusive, isImmutable, grants }: NewImage): string {
  const kinds = [
    ...(isExclusive ? ["exclusive"] : []),
    ...(isImmutable === true ? ["immutable"] : []),
  ];
  return [...kinds, describeGrants(grants)].join("; ");
}

function describeImageChange({
  before,
  change,
}: {
  readonly before: RegisteredImage;
  readonly change: ImageChange;
}): string {
  const words = [
    ...(change.isExclusive === undefined
      ? []
      : [change.isExclusive ? "exclusive" : "no longer exclusive"]),
    ...(change.isImmutable === undefined
      ? []
      : [change.isImmutable ? "immutable" : "no longer immutable"]),
    ...(change.grants === undefined
      ? []
      : [`${describeGrants(before.grants)} → ${describeGrants(change.grants)}`]),
    ...(change.facts === undefined ? [] : [Object.keys(change.facts).join(", ")]),
  ];
  return words.join("; ");
}
