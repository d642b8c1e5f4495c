// Use cases on access: grant and revoke; each says what the subject may do afterwards, and why.
import { ACTIONS, normalizeActions, type Action } from "../domain/action.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { Grant } from "../domain/image.js";
import type { SubjectName } from "../domain/ports.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { describeLeft, describeOverlaps, describeRights, warnOfEverything } from "./effect.js";
import { watchImpact } from "./impact.js";
import { findTagFault } from "./image-rules.js";
import { describeRefusal, refused, type Refusal } from "./refusal.js";
import { spellImage, spellService } from "./spelling.js";
import { formatSubjectName } from "./subject-reference.js";

export interface AccessOrder {
  readonly pattern: ImagePattern;
  readonly subject: SubjectName;
  /** Null: every action (grant), or the whole grant (revoke). */
  readonly actions: readonly Action[] | null;
  readonly expiresAt: EpochSeconds | null;
  readonly isAnyway: boolean;
}

export interface AccessOutcome {
  readonly before: Grant | null;
  readonly after: Grant | null;
  readonly isNewEntry: boolean;
  /** Sentences: what the subject may do now. */
  readonly effects: readonly string[];
}

/** Sets the subject's one grant on the image; where there is no entry, one that is not exclusive is made. */
export async function grantAccess(
  order: AccessOrder,
  context: AdminContext,
): Promise<Result<AccessOutcome, Refusal>> {
  const actions = grantedActions(order);
  if (order.subject.kind === "anonymous" && actions.some((action) => action !== "pull")) {
    return refused("@anonymous can get pull only; grant push to accounts or groups");
  }
  const fault = findTagFault(order.pattern, order.isAnyway, context);
  if (fault !== null) return fault;
  const { subject, expiresAt } = order;
  const now = context.clock.now();
  const tell = await watchOthers(order, context);
  const granted = await context.store.images.grant(
    order.pattern,
    { subject, actions, expiresAt },
    now,
  );
  if (!granted.ok) return describeRefusal(granted.error);
  const { image, before, isNewEntry } = granted.value;
  const after = image.grants.find((grant) => sameSubject(grant, subject)) ?? null;
  const effects = [
    ...(await describeRights(subject, order.pattern, context, actions)),
    ...(subject.kind === "anonymous" ? warnOfEverything(order.pattern) : []),
    ...(image.isExclusive ? [] : await describeOverlaps(image, context)),
    ...(await tell()),
  ];
  return ok({ before, after, isNewEntry, effects });
}

/** One account's rights are told with their reasons; of a rule for many the difference is told. */
async function watchOthers(
  order: AccessOrder,
  context: AdminContext,
): Promise<() => Promise<readonly string[]>> {
  if (order.subject.kind === "account") return () => Promise.resolve([]);
  return watchImpact(order.pattern, [order.subject], context);
}

/** Without --actions everything, but never more than pull for those who did not sign in. */
function grantedActions(order: AccessOrder): readonly Action[] {
  const all = order.subject.kind === "anonymous" ? (["pull"] as const) : ACTIONS;
  return normalizeActions(order.actions ?? all);
}

function sameSubject(grant: Grant, name: SubjectName): boolean {
  const { subject } = grant;
  if (subject.kind !== name.kind) return false;
  const isNamed = subject.kind === "account" || subject.kind === "group";
  return !isNamed || ("name" in name && subject.name === name.name);
}

/** Takes actions from the subject's grant, or the whole grant; refused where there is none. */
export async function revokeAccess(
  order: AccessOrder,
  context: AdminContext,
): Promise<Result<AccessOutcome, Refusal>> {
  const { pattern, subject, actions } = order;
  const tell = await watchOthers(order, context);
  const revoked = await context.store.images.revoke(pattern, subject, actions, context.clock.now());
  const elsewhere = await describeElsewhere(pattern, subject, context);
  if (!revoked.ok) {
    const refusal = describeRefusal(revoked.error);
    return elsewhere.length === 0
      ? refusal
      : refused([refusal.error.message, ...elsewhere].join("\n"));
  }
  const { image, before, after } = revoked.value;
  const label = formatSubjectName(subject);
  if (before === null) {
    const rest = [...elsewhere, ...(await describeLeft(subject, pattern, context))];
    return refused(
      [
        `${label} has no grant of its own on ${formatImagePattern(pattern)}; nothing changed`,
        ...rest,
      ].join("\n"),
    );
  }
  const left = await describeLeft(subject, pattern, context);
  const effects = [...left, ...elsewhere, ...(await tell())];
  if (image.isExclusive && image.grants.length === 0) {
    effects.push("the image is exclusive and has no grants left: it is closed to all but admins");
  }
  return ok({ before, after, isNewEntry: false, effects });
}

/** The subject's grants on the same name in other services: an entry bound to one of them is an entry of its own. */
async function describeElsewhere(
  pattern: ImagePattern,
  subject: SubjectName,
  context: AdminContext,
): Promise<readonly string[]> {
  const services = [null, ...context.settings.services].filter((name) => name !== pattern.service);
  const lines = services.map(async (service) => {
    const image = await context.store.images.find({ ...pattern, service }, context.clock.now());
    if (image?.grants.some((grant) => sameSubject(grant, subject)) !== true) return [];
    const where = service === null ? "in every service" : `in service ${service} alone`;
    const words = `${spellImage(pattern)} ${formatSubjectName(subject)}${spellService(service)}`;
    return [`a grant ${where} stays: dockwarden access revoke ${words}`];
  });
  return (await Promise.all(lines)).flat();
}
