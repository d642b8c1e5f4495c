// Images whose tags can be made once: what that means for whom, and the command that takes it off.
import type { Action } from "../domain/action.js";
import type { DecisionInput } from "../domain/decision.js";
import {
  formatImagePattern,
  matchesRepository,
  matchesService,
  matchesTag,
  type ImagePattern,
} from "../domain/image-pattern.js";
import type { AdminContext } from "./admin-context.js";
import { spellImage, spellService } from "./spelling.js";

/** What it means that an image is immutable, in one sentence. */
export function describeImmutable(pattern: ImagePattern, context: AdminContext): string {
  if (context.settings.policy.tagEnforcement === "off")
    return "immutable, but without a gate nothing keeps its tags from being overwritten or deleted (policy.tagEnforcement: off)";
  return `immutable: its tags can't be overwritten or deleted, by admins neither; take it off with ${spellLoosening(pattern)}${describeUnchecked(pattern, context)}`;
}

/** Where the registry can't be asked whether a tag exists, none can be made either; empty where all can be. */
function describeUnchecked({ service }: ImagePattern, { settings }: AdminContext): string {
  const { services, reachedServices } = settings;
  const named = service === null ? services : [service];
  const unreached = named.filter((name) => !reachedServices.includes(name));
  if (unreached.length === 0) return "";
  return `; registry.urls names no address for ${unreached.join(", ")}, so whether a tag exists there can't be checked: every push of a tag that it names is refused there until registry.urls has one`;
}

/** `dockwarden image update "prod/**" --no-immutable`. */
export function spellLoosening(pattern: ImagePattern): string {
  return `dockwarden image update ${spellImage(pattern)} --no-immutable${spellService(pattern.service)}`;
}

/** The immutable images that name the repository, or the tag where one is asked about; none where no gate holds to them. */
export function findHeld({ images, target, policy }: DecisionInput): readonly ImagePattern[] {
  if (policy.tagEnforcement === "off") return [];
  const { service, repository, tag } = target;
  return images
    .filter(({ isImmutable }) => isImmutable)
    .map(({ pattern }) => pattern)
    .filter(
      (pattern) =>
        matchesService(pattern, service) &&
        matchesRepository(pattern.repository, repository) &&
        (pattern.tag === null || (tag !== null && matchesTag(pattern.tag, tag))),
    );
}

/** What the gate refuses there beyond the decision, to admins too. */
export function describeHeld(pattern: ImagePattern, asked: readonly Action[]): readonly string[] {
  const name = `${formatImagePattern(pattern)} is immutable`;
  return [
    ...(asked.includes("push") ? [`${name}: an existing tag can't be pushed again`] : []),
    ...(asked.includes("delete") ? [`${name}: its tags can't be deleted, by admins neither`] : []),
  ];
}
