// What callers of the library write as text or dates, read as the use cases want it.
import type { AdminSettings } from "./admin/admin-context.js";
import { parseImageReference } from "./admin/image-reference.js";
import type { Audience } from "./admin/image-rules.js";
import { usage, type Refusal } from "./admin/refusal.js";
import { parseSubject } from "./admin/subject-reference.js";
import type { ImagePattern } from "./domain/image-pattern.js";
import type { SubjectName } from "./domain/ports.js";
import { ok, type Result } from "./domain/result.js";
import type { EpochSeconds } from "./domain/time.js";

/** IMAGE as on the command line; this registry's own host is cut off. */
export function readImage(
  text: string,
  service: string | undefined,
  settings: AdminSettings,
): Result<ImagePattern, Refusal> {
  const options = { service: service ?? null, isLiteral: false };
  const reference = parseImageReference(text, options, settings);
  return reference.ok ? ok(reference.value.pattern) : reference;
}

/** An audience; the first subject that is none is refused, and so is an empty list. */
export function readSubjects(
  audience: readonly string[] | "internal" | "public",
): Result<Audience, Refusal> {
  if (audience === "internal" || audience === "public") return ok({ kind: audience });
  if (audience.length === 0) {
    return usage('an audience has at least one subject, or is "internal" or "public"');
  }
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
  return ok(seconds);
}
