// What an image rule may be, checked before anything is stored.
import type { Action } from "../domain/action.js";
import {
  formatImagePattern,
  isExclusiveRepository,
  type ImagePattern,
} from "../domain/image-pattern.js";
import type { SubjectName } from "../domain/ports.js";
import type { AdminContext } from "./admin-context.js";
import { refused, usage, type Refusal } from "./refusal.js";
import { formatSubjectName } from "./subject-reference.js";

/** Who is to have the image; `unsaid` on register means every signed-in account. */
export type Audience =
  | { readonly kind: "unsaid" }
  | { readonly kind: "users"; readonly subjects: readonly SubjectName[] }
  | { readonly kind: "internal" }
  | { readonly kind: "public" };

export interface ImageRule {
  readonly pattern: ImagePattern;
  readonly audience: Audience;
  /** Null: every action. */
  readonly actions: readonly Action[] | null;
  /** A rule with a tag, or an immutable one, although nothing enforces tags. */
  readonly isAnyway: boolean;
  /** `--immutable | --no-immutable`; null: as it is, on registering not. */
  readonly isImmutable: boolean | null;
}

type Refused = { readonly ok: false; readonly error: Refusal };

/** The first thing that is wrong with a rule, null where nothing is. */
export function findRuleFault(
  rule: ImageRule,
  isExclusive: boolean,
  context: AdminContext,
): Refused | null {
  const { pattern, audience, actions } = rule;
  const unfit = isExclusive ? findExclusiveFault(pattern) : null;
  if (unfit !== null) return unfit;
  if (audience.kind === "users") {
    const special = audience.subjects.find(
      ({ kind }) => kind === "authenticated" || kind === "anonymous",
    );
    if (special !== undefined) {
      return usage(
        `an exclusive image takes accounts and groups; for ${formatSubjectName(special)} make it internal (--internal) or public (--public)`,
      );
    }
  }
  if (audience.kind === "public" && actions?.some((action) => action !== "pull") === true) {
    return refused(
      "public (--public) means that anybody may pull and no more; grant push by dockwarden access grant",
    );
  }
  return findTagFault(pattern, rule.isAnyway, context) ?? findImmutableFault(rule, context);
}

/** Exclusive images name one repository or all below a prefix. */
export function findExclusiveFault(pattern: ImagePattern): Refused | null {
  if (isExclusiveRepository(pattern.repository)) return null;
  return refused(
    `an exclusive image names one repository, "prefix/**" or "**", not ${formatImagePattern(pattern)}; give it to everybody who signed in (--internal), or grant by dockwarden access grant`,
  );
}

/** A registry knows no immutable tags: without a gate nothing would keep the promise. */
export function findImmutableFault(
  rule: Pick<ImageRule, "pattern" | "isImmutable" | "isAnyway">,
  context: Pick<AdminContext, "settings">,
): Refused | null {
  const isKept = context.settings.policy.tagEnforcement === "gate";
  if (rule.isImmutable !== true || isKept || rule.isAnyway) return null;
  return refused(
    `${formatImagePattern(rule.pattern)} can't be made immutable: without a gate nothing keeps tags from being overwritten (policy.tagEnforcement: off). Two ways on: set up the gate; or repeat with --anyway (in a program: isAnyway), which protects nothing until there is a gate`,
  );
}

/** Without a gate nothing can keep tags apart; DESIGN §2 names the three ways on. */
export function findTagFault(
  pattern: ImagePattern,
  isAnyway: boolean,
  context: Pick<AdminContext, "settings">,
): Refused | null {
  const isUnenforced = pattern.tag !== null && context.settings.policy.tagEnforcement === "off";
  return isUnenforced && !isAnyway ? refused(describeUnenforced([pattern])) : null;
}

const NAMED_MAX = 10;

/** What stands against rules with these tags, and the three ways on. */
export function describeUnenforced(patterns: readonly ImagePattern[]): string {
  const more = patterns.length - NAMED_MAX;
  const names = patterns.slice(0, NAMED_MAX).map(formatImagePattern).join(", ");
  const all = more > 0 ? `${names} and ${more} more` : names;
  const repositories = [...new Set(patterns.map(({ repository }) => repository))];
  const whole = repositories.length === 1 ? ` (${repositories.join("")})` : "";
  const each = patterns.length === 1 ? "" : ": each";
  return `${all}${each} names a tag, and without a gate a registry can't keep tags apart (policy.tagEnforcement: off). Three ways on: use the whole repository${whole}; set up the gate; or repeat with --anyway (in a program: isAnyway), which fails safe but may take away more than you mean`;
}

/** The same refusal for who can't repeat a command with an option. */
export function withoutOptions(message: string): string {
  return message
    .replace("Three ways on:", "Two ways on:")
    .replace(/Two ways on: set up the gate; or repeat with --anyway.*$/s, "Set up the gate")
    .replace(/; set up the gate; or repeat with --anyway.*$/s, "; or set up the gate");
}
