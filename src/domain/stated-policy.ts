// A policy as somebody states it (a document, an import), the store's whole policy, and the steps from one to the other.
import type { Account, AccountKind } from "./account.js";
import type { Permission } from "./action.js";
import type { ImageFacts } from "./image.js";
import type { ImagePattern } from "./image-pattern.js";
import type {
  AccountChange,
  ImageChange,
  NewAccount,
  NewGrant,
  NewImage,
  RegisteredImage,
} from "./ports.js";
import type { Result } from "./result.js";
import type { EpochSeconds } from "./time.js";

/** A password that comes as its hash. */
export interface StatedPassword {
  /** argon2id as a PHC string, or bcrypt; usable (FindHashFault). */
  readonly hash: string;
  /**
   * By what it is known again when it is stated again, whatever the stored hash is by then: made of the hash as it was
   * stated, or of the file that holds the password. Never the password.
   */
  readonly origin: string;
}

/** An absent member is not stated: an account that is there keeps what it has, a new one gets the default. */
export interface StatedAccount {
  readonly name: string;
  readonly kind: AccountKind;
  /** A new one: view, pull. */
  readonly permissions?: readonly Permission[];
  readonly email?: string | null;
  readonly isEnabled?: boolean;
  readonly expiresAt?: EpochSeconds | null;
  /** Of a robot. */
  readonly owner?: string | null;
  readonly password?: StatedPassword;
}

export interface StatedGroup {
  readonly name: string;
  readonly members: readonly string[];
}

export interface StatedImage {
  readonly pattern: ImagePattern;
  /** Absent: as it is; a new one is not. */
  readonly isExclusive?: boolean;
  readonly isImmutable?: boolean;
  /** Absent members are not stated. */
  readonly facts: Partial<ImageFacts>;
  readonly grants: readonly NewGrant[];
  /** True: these are all its grants; false: these are set, others stay. */
  readonly areAllGrants: boolean;
}

/** A null section says nothing: what is there stays. */
export interface StatedPolicy {
  readonly accounts: readonly StatedAccount[] | null;
  readonly groups: readonly StatedGroup[] | null;
  readonly images: readonly StatedImage[] | null;
}

/** Something in a file that can't be taken, or is worth knowing; lines count from 1. */
export interface LineNote {
  readonly line: number;
  readonly message: string;
}

/** What was read out of a file. */
export interface Intake {
  /** Without what has faults. */
  readonly stated: StatedPolicy;
  readonly faults: readonly LineNote[];
  readonly notes: readonly LineNote[];
}

/** An account as the store has it, with what only policies as a whole need. */
export interface AccountState {
  readonly account: Account;
  /** The name of a robot's owner. */
  readonly owner: string | null;
  readonly passwordHash: string | null;
  /** Of the last password that was stated; null: none ever was. */
  readonly passwordOrigin: string | null;
  /** The password is still the one that was stated: nobody has set another since. */
  readonly isPasswordStated: boolean;
}

/** Everything that decides, at one moment; each list sorted by name. */
export interface PolicyState {
  readonly accounts: readonly AccountState[];
  readonly groups: readonly StatedGroup[];
  readonly images: readonly RegisteredImage[];
}

/** One change; names are resolved when it is carried out. */
export type PolicyStep =
  | { readonly kind: "account.add"; readonly account: NewAccount & { readonly isEnabled: boolean } }
  | {
      readonly kind: "account.update";
      readonly name: string;
      readonly before: AccountState;
      readonly change: AccountChange;
    }
  | { readonly kind: "account.remove"; readonly name: string; readonly before: AccountState }
  | { readonly kind: "group.add"; readonly name: string; readonly members: readonly string[] }
  | {
      readonly kind: "group.members";
      readonly name: string;
      readonly added: readonly string[];
      readonly removed: readonly string[];
    }
  | { readonly kind: "group.remove"; readonly name: string; readonly members: readonly string[] }
  | { readonly kind: "image.register"; readonly image: NewImage }
  | {
      readonly kind: "image.update";
      readonly pattern: ImagePattern;
      readonly before: RegisteredImage;
      readonly change: ImageChange;
    }
  | {
      readonly kind: "image.unregister";
      readonly pattern: ImagePattern;
      readonly before: RegisteredImage;
    };

/** The policy as a whole; every method may throw StoreUnavailable. */
export interface PolicyStore {
  /** At one moment; grants that have ended are left out. */
  readAll(now: EpochSeconds): Promise<PolicyState>;
  /**
   * In one transaction: reads everything, asks `plan` for the steps, takes them all and puts each on record; a refusal of
   * `plan` changes nothing. What the steps name must be there by then. The last-admin rule and all others are the plan's.
   */
  change<P extends { readonly steps: readonly PolicyStep[] }, E>(
    plan: (state: PolicyState) => Result<P, E>,
    now: EpochSeconds,
  ): Promise<Result<P, E>>;
}
