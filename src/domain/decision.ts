// The decision: what a requester may do with a repository or a tag, and why. Pure; DESIGN §2 is its specification.
import { ACTIONS, normalizeActions, type Action } from "./action.js";
import { builtInImages, type BuiltInSettings } from "./built-in-images.js";
import { cutByCeiling, type Target } from "./ceiling.js";
import { formatSubject, subjectKey, type GrantedImage, type Subject } from "./image.js";
import {
  imagePatternKey,
  isInside,
  isTagInside,
  mayShareTag,
  matchesRepository,
  matchesService,
  matchesTag,
} from "./image-pattern.js";
import { byText, describeImage } from "./reason-image.js";
import type { Reason, ReasonImage } from "./reason.js";
import { guiseKeysOf, isAdmin, type Requester } from "./requester.js";

/** `policy.*` of the configuration, as far as decisions go. */
export interface PolicySettings extends BuiltInSettings {
  readonly tagEnforcement: "off" | "gate";
}

export interface DecisionInput {
  readonly requester: Requester;
  readonly target: Target;
  /** Any superset of the images that match, with any superset of the grants that name the requester; order is irrelevant. */
  readonly images: readonly GrantedImage[];
  readonly policy: PolicySettings;
}

export interface Decision {
  /** What the requester may do, in the order of ACTIONS. */
  readonly allowed: readonly Action[];
  /** Why, in the order in which it was decided. */
  readonly reasons: readonly Reason[];
}

/** A grant that names the requester, on a matching image. */
interface Candidate {
  readonly image: GrantedImage;
  readonly subject: Subject;
  readonly actions: readonly Action[];
}

/**
 * Decides by repository (`target.tag` null, for a token) or by repository and tag (for the gate). For a token,
 * `policy.tagEnforcement` says how images with a tag count (DESIGN §2, "A token scope carries no tag").
 * Never throws; ended grants and inactive accounts must have been left out by the caller.
 */
export function decide(input: DecisionInput): Decision {
  const { requester, target, policy } = input;
  const areTagsUnion = policy.tagEnforcement === "gate";
  const reasons: Reason[] = [];
  if (isAdmin(requester)) {
    reasons.push({ code: "admin" });
    const allowed = cutCredential(ACTIONS, input, reasons);
    return { allowed, reasons };
  }
  const matching = matchingOf(input);
  if (matching.length === 0) reasons.push({ code: "no-image" });
  const exclusives = matching.filter((image) => image.isExclusive && shutsOut(image, target));
  const counting: Candidate[] = [];
  for (const candidate of sortCandidates(candidatesOf(requester, matching))) {
    const reason = judge(candidate, exclusives, target, areTagsUnion);
    reasons.push(reason);
    // A grant on a tag takes part even where it adds nothing: it answers for its exclusive image below.
    if (reason.code !== "shut-out") counting.push(candidate);
  }
  if (matching.length > 0 && reasons.length === 0) {
    reasons.push({ code: "no-grant", images: matching.map(describeImage).sort(byText) });
  }
  const isOffToken = target.tag === null && !areTagsUnion;
  const adding = isOffToken ? counting.filter(({ image }) => image.pattern.tag === null) : counting;
  const takers = isOffToken ? matching.filter(isTaggedExclusive) : [];
  const granted = cutPermissions(adding, requester, reasons);
  const kept = takeAway(granted, takers, { counting, requester, reasons });
  return { allowed: cutCredential(kept, input, reasons), reasons };
}

/** The images that take part in a decision, those that settings make included, sorted; whom they name is no matter. */
export function findMatched(input: DecisionInput): readonly ReasonImage[] {
  return matchingOf(input).map(describeImage).sort(byText);
}

function matchingOf({ requester, target, images, policy }: DecisionInput): GrantedImage[] {
  return [...images, ...builtInImages(requester, policy)].filter((image) =>
    matchesTarget(image, target),
  );
}

function isTaggedExclusive(image: GrantedImage): boolean {
  return image.isExclusive && image.pattern.tag !== null;
}

function matchesTarget(image: GrantedImage, target: Target): boolean {
  const { pattern } = image;
  return (
    matchesService(pattern, target.service) &&
    matchesRepository(pattern.repository, target.repository) &&
    (target.tag === null || matchesTag(pattern.tag, target.tag))
  );
}

/** In a token only exclusive images without a tag shut out; those with one are handled apart, or by the gate. */
function shutsOut(image: GrantedImage, target: Target): boolean {
  return target.tag !== null || image.pattern.tag === null;
}

function candidatesOf(requester: Requester, images: readonly GrantedImage[]): Candidate[] {
  const guises = new Set(guiseKeysOf(requester));
  return images.flatMap((image) =>
    image.grants
      .filter((grant) => guises.has(subjectKey(grant.subject)))
      .map((grant) => ({ image, subject: grant.subject, actions: grant.actions })),
  );
}

function judge(
  candidate: Candidate,
  exclusives: readonly GrantedImage[],
  target: Target,
  areTagsUnion: boolean,
): Reason {
  const image = describeImage(candidate.image);
  const subject = formatSubject(candidate.subject);
  const { actions } = candidate;
  const wall = exclusives
    .filter((exclusive) => !isInside(candidate.image.pattern, exclusive.pattern))
    .sort((a, b) => byText(describeImage(a), describeImage(b)))[0];
  if (wall !== undefined)
    return { code: "shut-out", image, subject, actions, by: describeImage(wall) };
  const isUnenforced = target.tag === null && candidate.image.pattern.tag !== null && !areTagsUnion;
  if (isUnenforced) return { code: "tag-not-enforced", image, subject, actions };
  return { code: "grant", image, subject, actions };
}

function union(candidates: readonly Candidate[]): readonly Action[] {
  return normalizeActions(candidates.flatMap(({ actions }) => actions));
}

/** Rule 5 and the ceiling of `@anonymous`: what anybody may pull is not cut by an account's permissions. */
function cutToPermissions(
  candidates: readonly Candidate[],
  requester: Requester,
): { readonly kept: readonly Action[]; readonly cut: readonly Action[] } {
  const open = candidates.filter(({ subject }) => subject.kind === "anonymous");
  const isOpen = union(open).includes("pull");
  const all = union(candidates);
  const personal = union(candidates.filter(({ subject }) => subject.kind !== "anonymous"));
  const permissions: readonly string[] = requester.kind === "account" ? requester.permissions : [];
  const kept = all.filter(
    (action) =>
      (isOpen && action === "pull") || (personal.includes(action) && permissions.includes(action)),
  );
  return { kept, cut: all.filter((action) => !kept.includes(action)) };
}

function cutPermissions(
  candidates: readonly Candidate[],
  requester: Requester,
  reasons: Reason[],
): readonly Action[] {
  const { kept, cut } = cutToPermissions(candidates, requester);
  if (cut.length > 0) {
    const permissions = requester.kind === "account" ? requester.permissions : (["pull"] as const);
    reasons.push({ code: "permissions-cut", actions: cut, permissions });
  }
  return kept;
}

/** Without a gate, each exclusive tagged image takes what the grants on all of its tags do not also give. */
function takeAway(
  actions: readonly Action[],
  takers: readonly GrantedImage[],
  context: {
    readonly counting: readonly Candidate[];
    readonly requester: Requester;
    readonly reasons: Reason[];
  },
): readonly Action[] {
  let kept = actions;
  for (const taker of [...takers].sort((a, b) => byText(describeImage(a), describeImage(b)))) {
    // A grant on some of the exclusive tags would open the others along with them: it must name them all.
    const inside = context.counting.filter(
      ({ image }) =>
        isInside(image.pattern, taker.pattern) &&
        isTagInside(taker.pattern.tag, image.pattern.tag) &&
        takers.every((wall) => !standsBetween(wall, image, taker)),
    );
    const given = cutToPermissions(inside, context.requester).kept;
    const taken = kept.filter((action) => !given.includes(action));
    if (taken.length === 0) continue;
    context.reasons.push({ code: "tag-takes-away", image: describeImage(taker), actions: taken });
    kept = kept.filter((action) => given.includes(action));
  }
  return kept;
}

/** True where another exclusive image shuts the grant out of some of the taker's tags, and does not answer for them itself. */
function standsBetween(wall: GrantedImage, granted: GrantedImage, taker: GrantedImage): boolean {
  if (isInside(granted.pattern, wall.pattern) || isInside(wall.pattern, taker.pattern))
    return false;
  return mayShareTag(wall.pattern.tag, taker.pattern.tag);
}

function cutCredential(
  actions: readonly Action[],
  input: DecisionInput,
  reasons: Reason[],
): readonly Action[] {
  const { requester, target, policy } = input;
  if (requester.kind === "anonymous") return actions;
  const kept = cutByCeiling(actions, requester.ceiling, target, policy.tagEnforcement === "gate");
  const cut = actions.filter((action) => !kept.includes(action));
  if (cut.length > 0) reasons.push({ code: "credential-cut", actions: cut });
  return kept;
}

/** Reasons must not depend on the order of rows: by image, then by subject. */
function sortCandidates(candidates: readonly Candidate[]): readonly Candidate[] {
  const key = ({ image, subject }: Candidate) =>
    `${imagePatternKey(image.pattern)}\n${subjectKey(subject)}`;
  return [...candidates].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
