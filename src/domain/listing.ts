// What lists are asked for: filters, order and part of the accounts and images that the store holds.
import type { Account, AccountKind, NamedId } from "./account.js";
import type { Permission } from "./action.js";
import type { Subject } from "./image.js";
import type { ImagePattern } from "./image-pattern.js";
import type { EpochSeconds } from "./time.js";

/** An account with the groups that it is in, sorted by name. */
export interface AccountRecord {
  readonly account: Account;
  readonly groups: readonly NamedId[];
}

/** Every condition that is given must hold; none: every account. */
export interface AccountFilter {
  readonly kind?: AccountKind;
  /** The name of a group; one that does not exist has no members. */
  readonly group?: string;
  /** Held, by itself or because `admin` contains it. */
  readonly permission?: Permission;
  readonly isEnabled?: boolean;
  /** Has an end, and that lies after the first and not after the second of these. */
  readonly endsBetween?: readonly [EpochSeconds, EpochSeconds];
  /** So many of them at most, the first by name. */
  readonly limit?: number;
}

/** Every member that is given must hold; none: every image. */
export interface ImageFilter {
  /** A grant that has not ended names at least one of them. */
  readonly subjects?: readonly Subject[];
  /** Holds in this service: bound to it, or to none. */
  readonly service?: string;
  readonly isExclusive?: boolean;
  /** The literal beginning of the repository: `team/`. */
  readonly prefix?: string;
  /** Can name something that this pattern names too (mayOverlap). */
  readonly overlapping?: ImagePattern;
}

export const IMAGE_SORTINGS = ["name", "registered", "size"] as const;
/** `name`: repository, tag, service. `registered`: the latest first. `size`: the largest first, unknown ones last. */
export type ImageSorting = (typeof IMAGE_SORTINGS)[number];

/** Part of a list. */
export interface Page {
  /** Null: all that are left. */
  readonly limit: number | null;
  readonly offset: number;
}
