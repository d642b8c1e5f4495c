// What callers of the library write as text or dates, read as the use cases want it.
import type { AccessOrder } from "./admin/access-admin.js";
import type { AdminContext, AdminSettings } from "./admin/admin-context.js";
import type { ImageOrder } from "./admin/image-admin.js";
import { parseImageReference } from "./admin/image-reference.js";
import type { Audience } from "./admin/image-rules.js";
import { usage, type Refusal } from "./admin/refusal.js";
import { parseSubject } from "./admin/subject-reference.js";
import { findEndFault } from "./admin/when.js";
import type { ImagePattern } from "./domain/image-pattern.js";
import type { SubjectName } from "./domain/ports.js";
import { ok, type Result } from "./domain/result.js";
import type { EpochSeconds } from "./domain/time.js";
import type { AccessChange, NewImage } from "./library-orders.js";

/** IMAGE as on the command line; this registry's own host is cut off. */
export function readImage(
  asked: { readonly image: string; readonly service?: string; readonly isLiteral?: boolean },
  settings: AdminSettings,
): Result<ImagePattern, Refusal> {
  const options = { service: asked.service ?? null, isLiteral: asked.isLiteral === true };
  const reference = parseImageReference(asked.image, options, settings);
  return reference.ok ? ok(reference.value.pattern) : reference;
}

/** What `registerImage` works on. */
export function readImageOrder(
  image: NewImage,
  context: AdminContext,
): Result<ImageOrder, Refusal> {
  const pattern = readImage(image, context.settings);
  if (!pattern.ok) return pattern;
  const audience = readSubjects(image.audience);
  if (!audience.ok) return audience;
  const { actions, description, isImmutable, isAnyway } = image;
  return ok({
    pattern: pattern.value,
    audience: audience.value,
    actions: actions ?? null,
    isAnyway: isAnyway === true,
    isExclusive: null,
    isImmutable: isImmutable ?? null,
    facts: description === undefined ? {} : { description },
  });
}

/** What `grantAccess` and `revokeAccess` work on. */
export function readAccessOrder(
  change: AccessChange,
  context: AdminContext,
): Result<AccessOrder, Refusal> {
  const pattern = readImage(change, context.settings);
  if (!pattern.ok) return pattern;
  const subject = parseSubject(change.subject);
  if (!subject.ok) return subject;
  const end = secondsOf(change.expiresAt, context.clock.now());
  if (!end.ok) return end;
  const common = { pattern: pattern.value, subject: subject.value };
  const isAnyway = change.isAnyway === true;
  return ok({ ...common, actions: change.actions ?? null, expiresAt: end.value, isAnyway });
}

/** An audience; the first subject that is none is refused. */
function readSubjects(
  audience: readonly string[] | "internal" | "public",
): Result<Audience, Refusal> {
  if (audience === "internal" || audience === "public") return ok({ kind: audience });
  const subjects: SubjectName[] = [];
  for (const text of audience) {
    const subject = parseSubject(text);
    if (!subject.ok) return subject;
    subjects.push(subject.value);
  }
  return ok({ kind: "users", subjects });
}

/** Whole seconds of a date that lies ahead; null where none was given. */
export function secondsOf(
  date: Date | undefined,
  now: EpochSeconds,
): Result<EpochSeconds | null, Refusal> {
  if (date === undefined) return ok(null);
  const seconds = Math.floor(date.getTime() / 1000);
  if (!Number.isFinite(seconds) || seconds <= now) return usage("expiresAt must be a date ahead");
  return findEndFault(seconds, now) ?? ok(seconds);
}
