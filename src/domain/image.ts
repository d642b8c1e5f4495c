// An entry that names a repository or a pattern of repositories, and the grants made on it.
import type { Action } from "./action.js";
import type { ImagePattern } from "./image-pattern.js";
import type { EpochSeconds } from "./time.js";

/** Who a grant is for. Grants follow ids, so renaming and re-adding a name moves no rights. */
export type Subject =
  | { readonly kind: "account"; readonly id: number; readonly name: string }
  | { readonly kind: "group"; readonly id: number; readonly name: string }
  | { readonly kind: "authenticated" }
  | { readonly kind: "anonymous" };

export interface Grant {
  readonly subject: Subject;
  /** Normalized by normalizeActions, never empty. */
  readonly actions: readonly Action[];
  /** The grant exists until just before this second; null: no end. */
  readonly expiresAt: EpochSeconds | null;
  readonly createdAt: EpochSeconds;
}

/** What an operator may note about an image; it takes no part in decisions. */
export interface ImageFacts {
  readonly digest: string | null;
  readonly size: number | null;
  /** RFC 3339 as given; null: not known. */
  readonly created: string | null;
  readonly description: string | null;
}

export interface Image extends ImageFacts {
  readonly id: number;
  readonly pattern: ImagePattern;
  readonly isExclusive: boolean;
  /** Its tags can be made once and neither overwritten nor deleted, by nobody; the gate sees to it. */
  readonly isImmutable: boolean;
  readonly registeredAt: EpochSeconds;
}

/** An image with (some or all of) the grants made on it. */
export interface GrantedImage {
  readonly id: number;
  readonly pattern: ImagePattern;
  readonly isExclusive: boolean;
  readonly isImmutable: boolean;
  readonly grants: readonly Grant[];
}

/** The key under which a grant's subject is stored and found: `account:7`, `group:3`, `@authenticated`, `@anonymous`. */
export function subjectKey(subject: Subject): string {
  switch (subject.kind) {
    case "account":
    case "group":
      return `${subject.kind}:${subject.id}`;
    case "authenticated":
    case "anonymous":
      return `@${subject.kind}`;
  }
}

/** How a subject is written on the command line: `alice`, `group:ml`, `@authenticated`, `@anonymous`. */
export function formatSubject(subject: Subject): string {
  switch (subject.kind) {
    case "account":
      return subject.name;
    case "group":
      return `group:${subject.name}`;
    case "authenticated":
    case "anonymous":
      return `@${subject.kind}`;
  }
}
