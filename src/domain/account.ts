// Somebody who can sign in: a user (person) or a robot (machine), and the groups they are in.
import type { Permission } from "./action.js";
import type { EpochSeconds } from "./time.js";

export type AccountKind = "user" | "robot";

/** An account as stored. `id` never changes and is never given to another account; names can be renamed. */
export interface Account {
  readonly id: number;
  readonly name: string;
  readonly kind: AccountKind;
  /** Normalized by normalizePermissions. */
  readonly permissions: readonly Permission[];
  readonly email: string | null;
  readonly isEnabled: boolean;
  /** The account works until just before this second; null: no end. */
  readonly expiresAt: EpochSeconds | null;
  readonly createdAt: EpochSeconds;
  /** When the password was last set; null: none was ever set. */
  readonly passwordChangedAt: EpochSeconds | null;
  /** Rises by one whenever password, permissions, name, end or enabled state change. */
  readonly credentialVersion: number;
  /** The user who answers for a robot; null for users, and for robots without one. */
  readonly ownerId: number | null;
  /** Another random number each time that somebody lifts the lock on guessing: failures counted before count no longer. */
  readonly unlockMark: number;
}

export interface Group {
  readonly id: number;
  readonly name: string;
  readonly createdAt: EpochSeconds;
}

/** A group or account named by id and by its present name. */
export interface NamedId {
  readonly id: number;
  readonly name: string;
}

const NAME = /^[a-z0-9](?:[a-z0-9._@+-]{0,126}[a-z0-9])?$/;

/**
 * Answers the name as stored, with ASCII capitals folded (`Alice` → `alice`), or null where it is outside the grammar
 * of DESIGN §7. Nothing else is folded: no Unicode normalization, no trimming.
 */
export function parseName(text: string): string | null {
  if (text.length > 128) return null;
  const folded = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return NAME.test(folded) ? folded : null;
}

/** What `parseName` accepts, for messages. */
export const NAME_RULE =
  "1 to 128 of a-z 0-9 . _ @ + -, beginning and ending with a letter or digit";

/** True while the account may sign in at `now`. */
export function isActive(account: Account, now: EpochSeconds): boolean {
  return account.isEnabled && (account.expiresAt === null || now < account.expiresAt);
}
