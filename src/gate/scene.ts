// One repository as one requester finds it: what the rules allow on each of its tags, on some of them, on all of them.
import type { Action } from "../domain/action.js";
import type { Decision, PolicySettings } from "../domain/decision.js";
import type { GrantedImage } from "../domain/image.js";
import { decideOnce } from "../domain/kept-decisions.js";
import { keepByObject } from "../domain/kept-values.js";
import { matchesRepository, matchesService, matchesTag } from "../domain/image-pattern.js";
import type { RepositoryPlace } from "../domain/ledger.js";
import type { PolicyReader } from "../domain/policy-reader.js";
import { guiseKeysOf, type Requester } from "../domain/requester.js";
import type { EpochSeconds } from "../domain/time.js";

export interface Scene extends RepositoryPlace {
  readonly requester: Requester;
  /** What PolicyReader.findMatching answered for the repository. */
  readonly images: readonly GrantedImage[];
  readonly policy: PolicySettings;
  readonly now: EpochSeconds;
}

/** Reads the rules that matter for the repository: two indexed reads. Throws StoreUnavailable. */
export async function openScene(
  who: { readonly requester: Requester; readonly service: string },
  repository: string,
  context: { readonly policyReader: PolicyReader; readonly policy: PolicySettings },
  now: EpochSeconds,
): Promise<Scene> {
  const { requester, service } = who;
  const subjects = guiseKeysOf(requester);
  const images = await context.policyReader.findMatching(service, repository, subjects, now);
  return { requester, service, repository, images, policy: context.policy, now };
}

/** What is allowed on this tag, and why; without a gate in the rules, on the repository as a whole. */
export function decideTag(scene: Scene, tag: string): Decision {
  return decideAt(scene, scene.policy.tagEnforcement === "gate" ? tag : null, scene.policy);
}

/** What is allowed on some tag or other, and why: what a token for the repository holds. */
export function decideSome(scene: Scene): Decision {
  return decideAt(scene, null, scene.policy);
}

/**
 * What is allowed on every tag that there could ever be: as a token without a gate has it, where no tag may be told from
 * another (DESIGN §2, `policy.tagEnforcement: off`).
 */
export function decideEvery(scene: Scene): Decision {
  return decideAt(scene, null, withoutGate(scene.policy));
}

/** The same object each time, so that what it decides is known again. */
const withoutGate = keepByObject((policy: PolicySettings): PolicySettings => ({
  ...policy,
  tagEnforcement: "off",
}));

function decideAt(scene: Scene, tag: string | null, policy: PolicySettings): Decision {
  const { requester, service, repository, images } = scene;
  return decideOnce({ requester, target: { service, repository, tag }, images, policy });
}

export function may(decision: Decision, action: Action): boolean {
  return decision.allowed.includes(action);
}

/** Whether one tag can differ from another for this requester; where none can, no ledger is needed. */
export function hasTagRules({ images, requester, service, repository, policy }: Scene): boolean {
  if (policy.tagEnforcement === "off") return false;
  if (images.some(({ pattern }) => pattern.tag !== null)) return true;
  if (requester.kind === "anonymous" || requester.ceiling.kind === "none") return false;
  return (requester.ceiling.images ?? []).some(
    (pattern) =>
      pattern.tag !== null &&
      matchesService(pattern, service) &&
      matchesRepository(pattern.repository, repository),
  );
}

/** Equal for tags on which everything is decided alike: which images and parts of the credential's ceiling name them. */
export function rulesOn({ images, requester }: Scene, tag: string): string {
  const named = images.filter(({ pattern }) => matchesTag(pattern.tag, tag)).map(({ id }) => id);
  if (requester.kind === "anonymous" || requester.ceiling.kind === "none") return named.join();
  const inside = (requester.ceiling.images ?? []).map((pattern) => matchesTag(pattern.tag, tag));
  return `${named.join()};${inside.map(Number).join("")}`;
}

/** Whether a tag can be made once only; without a gate nobody sees to it. */
export function isImmutable({ images, policy }: Scene, tag: string): boolean {
  if (policy.tagEnforcement === "off") return false;
  return images.some((image) => image.isImmutable && matchesTag(image.pattern.tag, tag));
}

/** Whether some tags of the repository can be made once only. */
export function hasImmutable({ images, policy }: Scene): boolean {
  return policy.tagEnforcement === "gate" && images.some((image) => image.isImmutable);
}
