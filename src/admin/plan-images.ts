// What a stated policy changes of images and grants.
import { normalizeActions } from "../domain/action.js";
import type { Grant, ImageFacts } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { ImageChange, NewGrant, RegisteredImage, SubjectName } from "../domain/ports.js";
import type {
  PolicyState,
  PolicyStep,
  StatedImage,
  StatedPolicy,
} from "../domain/stated-policy.js";
import type { AdminContext } from "./admin-context.js";
import {
  describeUnenforced,
  findExclusiveFault,
  findImmutableFault,
  findTagFault,
} from "./image-rules.js";
import type { Names, PlanOptions, Section } from "./policy-plan.js";
import { formatSubjectName } from "./subject-reference.js";

const NO_FACTS: ImageFacts = { digest: null, size: null, created: null, description: null };

export interface ImagePlanning {
  readonly names: Names;
  readonly options: PlanOptions;
  readonly context: Pick<AdminContext, "settings">;
}

/** An entry that stays as it is, is not looked at again: rules that the store holds already were somebody's decision. */
export function planImages(
  { images: stated }: StatedPolicy,
  state: PolicyState,
  planning: ImagePlanning,
): Section {
  if (stated === null) return { first: [], last: [], notes: [], faults: [] };
  const present = new Map(state.images.map((image) => [keyOf(image.pattern), image]));
  const faults: string[] = [];
  const first: PolicyStep[] = [];
  const unenforced: ImagePattern[] = [];
  for (const one of stated) {
    const strangers = findStrangers(one, planning.names);
    for (const stranger of strangers) faults.push(stranger);
    if (strangers.length > 0) continue;
    const step = stepOf(one, present.get(keyOf(one.pattern)), planning.options);
    if (step === null) continue;
    const fault = findFault(step, planning);
    if (fault !== null) faults.push(fault);
    else if (isUnenforced(step, planning)) unenforced.push(one.pattern);
    else first.push(step);
  }
  // Said once: a catalogue has many of them.
  if (unenforced.length > 0) faults.push(describeUnenforced(unenforced));
  const wanted = new Set(stated.map(({ pattern }) => keyOf(pattern)));
  const gone = planning.options.isWhole
    ? state.images.filter(({ pattern }) => !wanted.has(keyOf(pattern)))
    : [];
  const last = gone.map((before) => ({
    kind: "image.unregister" as const,
    pattern: before.pattern,
    before,
  }));
  return { first, last, notes: [], faults };
}

const keyOf = ({ service, repository, tag }: ImagePattern): string =>
  JSON.stringify([service, repository, tag]);

function findStrangers({ pattern, grants }: StatedImage, names: Names): readonly string[] {
  return grants.flatMap(({ subject }) => {
    if (subject.kind !== "account" && subject.kind !== "group") return [];
    const known = subject.kind === "account" ? names.accounts : names.groups;
    if (known.has(subject.name)) return [];
    return [
      `${formatImagePattern(pattern)} is granted to ${formatSubjectName(subject)}, and there is no such ${subject.kind}; add it or leave it out`,
    ];
  });
}

type ImageStep = Extract<PolicyStep, { kind: "image.register" | "image.update" }>;

/** Null: it is so already. */
function stepOf(
  stated: StatedImage,
  there: RegisteredImage | undefined,
  { now }: PlanOptions,
): ImageStep | null {
  const { pattern, facts } = stated;
  const grants = tidy(stated.grants).filter(
    ({ expiresAt }) => expiresAt === null || expiresAt > now,
  );
  if (there === undefined) {
    const isExclusive = stated.isExclusive ?? false;
    const isImmutable = stated.isImmutable ?? false;
    const image = { pattern, isExclusive, isImmutable, facts: { ...NO_FACTS, ...facts }, grants };
    return { kind: "image.register", image };
  }
  const change: { -readonly [K in keyof ImageChange]: ImageChange[K] } = {};
  const { isExclusive = there.isExclusive, isImmutable = there.isImmutable } = stated;
  if (isExclusive !== there.isExclusive) change.isExclusive = isExclusive;
  if (isImmutable !== there.isImmutable) change.isImmutable = isImmutable;
  const changed = Object.entries(facts).filter(
    ([name, value]) => there[name as keyof ImageFacts] !== value,
  );
  if (changed.length > 0) change.facts = Object.fromEntries(changed);
  const wanted = stated.areAllGrants ? grants : tidy([...there.grants.map(toNew), ...grants]);
  if (describe(wanted) !== describe(there.grants.map(toNew))) change.grants = wanted;
  if (Object.keys(change).length === 0) return null;
  return { kind: "image.update", pattern, before: there, change };
}

/** One grant a subject, the last one; in a fixed order. */
function tidy(grants: readonly NewGrant[]): readonly NewGrant[] {
  const bySubject = new Map<string, NewGrant>();
  for (const grant of grants) {
    const actions = normalizeActions(grant.actions);
    bySubject.set(formatSubjectName(grant.subject), { ...grant, actions });
  }
  return [...bySubject].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, grant]) => grant);
}

function toNew({ subject, actions, expiresAt }: Grant): NewGrant {
  const name: SubjectName =
    subject.kind === "account" || subject.kind === "group"
      ? { kind: subject.kind, name: subject.name }
      : subject;
  return { subject: name, actions, expiresAt };
}

function describe(grants: readonly NewGrant[]): string {
  const words = tidy(grants).map((grant) => [
    formatSubjectName(grant.subject),
    grant.actions,
    grant.expiresAt,
  ]);
  return JSON.stringify(words);
}

/** What DESIGN §2 forbids, in what is new or changes. */
function findFault(step: ImageStep, { options, context }: ImagePlanning): string | null {
  const pattern = step.kind === "image.register" ? step.image.pattern : step.pattern;
  const { isExclusive, isImmutable, grants } =
    step.kind === "image.register" ? step.image : step.change;
  const name = formatImagePattern(pattern);
  const opened = grants?.find(
    ({ subject, actions }) =>
      subject.kind === "anonymous" && actions.some((action) => action !== "pull"),
  );
  if (opened !== undefined)
    return `${name}: @anonymous can get pull only; grant push to accounts or groups`;
  const refusal =
    (isExclusive === true ? findExclusiveFault(pattern) : null) ??
    (isImmutable === true
      ? findImmutableFault({ pattern, isImmutable, isAnyway: options.isAnyway }, context)
      : null);
  return refusal === null ? null : refusal.error.message;
}

/** A rule with a tag that is new or changes, where nothing enforces tags. */
function isUnenforced(step: ImageStep, { options, context }: ImagePlanning): boolean {
  const pattern = step.kind === "image.register" ? step.image.pattern : step.pattern;
  const { isExclusive, grants } = step.kind === "image.register" ? step.image : step.change;
  const isRule = isExclusive !== undefined || grants !== undefined;
  return isRule && findTagFault(pattern, options.isAnyway, context) !== null;
}
