// What the gate answers, as data: the edge turns it into status and words.
import type { Action } from "../domain/action.js";
import type { Decision } from "../domain/decision.js";

/** Why the gate stands in the way. */
export type Denial =
  /** The rules do not give the action on the repository, or on the tag (null: on none of its tags). */
  | {
      readonly reason: "not-allowed";
      readonly action: Action;
      readonly tag: string | null;
      readonly decision: Decision;
    }
  /** None of the tags that reach the digest may be read. */
  | { readonly reason: "digest-not-allowed"; readonly tags: readonly string[] }
  /** Nobody knows yet which tags reach the digest. */
  | { readonly reason: "not-known-yet" }
  /** Other tags or indexes, that may not be deleted, would go with the digest; null: which ones can't be known now. */
  | { readonly reason: "takes-others"; readonly tag: string | null }
  | { readonly reason: "immutable"; readonly tag: string; readonly action: "push" | "delete" }
  /** Whether an immutable tag exists can't be asked of the registry now. */
  | { readonly reason: "unchecked"; readonly tag: string; readonly message: string };

export type GateAnswer =
  | {
      readonly kind: "pass";
      /** Rules and ledger alone said so, and will again as long as they stay as they are. */
      readonly isRepeatable: boolean;
    }
  | { readonly kind: "denied"; readonly denial: Denial }
  /** As a registry answers where the token lacks something: clients go on without the mount. */
  | { readonly kind: "insufficient-scope"; readonly scope: string };

export const PASS: GateAnswer = { kind: "pass", isRepeatable: false };

export const PASS_AGAIN: GateAnswer = { kind: "pass", isRepeatable: true };

export function denied(denial: Denial): GateAnswer {
  return { kind: "denied", denial };
}
