// The ceiling that a credential brings of its own: a personal token can be narrowed to images and actions.
import type { Action } from "./action.js";
import {
  matchesRepository,
  matchesService,
  matchesTag,
  type ImagePattern,
} from "./image-pattern.js";

/** `none`: the credential has no ceiling. `narrowed`: just these actions on just these images; never admin, never the catalogue. */
export type Ceiling =
  | { readonly kind: "none" }
  | {
      readonly kind: "narrowed";
      /** Null: every image. */
      readonly images: readonly ImagePattern[] | null;
      /** Null: every action. */
      readonly actions: readonly Action[] | null;
    };

/** What is asked about: one repository in one service, and at the gate one tag. */
export interface Target {
  readonly service: string;
  readonly repository: string;
  /** Null: the repository as a whole, as in a token. */
  readonly tag: string | null;
}

/**
 * The actions that the ceiling leaves. `areTagsUnion` says how an image with a tag counts for a whole repository: true
 * (the gate narrows later) lets it through, false (nobody looks at tags) does not.
 */
export function cutByCeiling(
  actions: readonly Action[],
  ceiling: Ceiling,
  target: Target,
  areTagsUnion: boolean,
): readonly Action[] {
  if (ceiling.kind === "none") return actions;
  const { images, actions: allowed } = ceiling;
  const isImageAllowed =
    images === null || images.some((pattern) => reaches(pattern, target, areTagsUnion));
  if (!isImageAllowed) return [];
  return allowed === null ? actions : actions.filter((action) => allowed.includes(action));
}

function reaches(pattern: ImagePattern, target: Target, areTagsUnion: boolean): boolean {
  if (!matchesService(pattern, target.service)) return false;
  if (!matchesRepository(pattern.repository, target.repository)) return false;
  if (target.tag !== null) return matchesTag(pattern.tag, target.tag);
  return pattern.tag === null || areTagsUnion;
}
