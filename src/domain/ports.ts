// The stores that the rules need; implemented by storage/, given in by app.ts. What crypto/ gives them: token.ts, password.ts, key.ts.
import type { Account, AccountKind, Group, NamedId } from "./account.js";
import type { Action, Permission } from "./action.js";
import type { ChangeLog } from "./change.js";
import type { CredentialStore } from "./credential.js";
import type { Grant, GrantedImage, Image, ImageFacts, Subject } from "./image.js";
import type { ImagePattern } from "./image-pattern.js";
import type { AccountFilter, AccountRecord, ImageFilter, ImageSorting, Page } from "./listing.js";
import type { NamedRepositories, PolicyReader } from "./policy-reader.js";
import type { Result } from "./result.js";
import type { PolicyStore } from "./stated-policy.js";
import type { EpochSeconds } from "./time.js";

/** `replaced`: the file was moved away or replaced while open; what is read from it no longer counts. */
export type StoreTrouble = "busy" | "full" | "read-only" | "failed" | "replaced";

/** The store can't do it now: locked by another process for longer than the wait, full, read-only, damaged, gone. */
export class StoreUnavailable extends Error {
  readonly reason: StoreTrouble;

  constructor(reason: StoreTrouble, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "StoreUnavailable";
    this.reason = reason;
  }
}

/** What signing in needs, read in one go. */
export interface SignInRecord {
  readonly account: Account;
  /** PHC string (`$argon2id$…`), an imported bcrypt hash, or null where the account has no password. */
  readonly passwordHash: string | null;
  readonly groups: readonly NamedId[];
}

export interface NewAccount {
  readonly name: string;
  readonly kind: AccountKind;
  readonly permissions: readonly Permission[];
  readonly email: string | null;
  readonly expiresAt: EpochSeconds | null;
  readonly passwordHash: string | null;
  /** Where the hash was stated (StatedPassword); absent: a person set it. */
  readonly passwordOrigin?: string;
  /** Names of groups to join; all must exist. */
  readonly groups: readonly string[];
  /** Name of the user who answers for a robot. */
  readonly owner?: string | null;
}

/** Only the members given are changed. */
export interface AccountChange {
  readonly name?: string;
  readonly permissions?: readonly Permission[];
  readonly email?: string | null;
  readonly expiresAt?: EpochSeconds | null;
  readonly isEnabled?: boolean;
  /** Ends every refresh token, and the personal tokens too unless `keepsTokens`. */
  readonly passwordHash?: string;
  /** Where that hash was stated (StatedPassword); absent: a person set it. */
  readonly passwordOrigin?: string;
  readonly keepsTokens?: true;
  /** Of a robot; null: nobody. */
  readonly owner?: string | null;
  /** Lifts the lock on guessing. */
  readonly unlocks?: true;
}

export type AccountRefusal =
  | { readonly reason: "unknown-account"; readonly name: string }
  | { readonly reason: "name-taken"; readonly name: string }
  | { readonly reason: "unknown-group"; readonly name: string }
  /** Owners are users. */
  | { readonly reason: "unknown-owner"; readonly name: string }
  /** Its enabled robots would answer to nobody. */
  | { readonly reason: "owns-robots"; readonly name: string; readonly robots: readonly string[] }
  /** It would leave no enabled user with `admin` and without an end. */
  | { readonly reason: "last-admin"; readonly name: string };

/** Every act is whole and atomic; every method may throw StoreUnavailable. */
export interface AccountStore {
  add(account: NewAccount, now: EpochSeconds): Promise<Result<Account, AccountRefusal>>;
  find(name: string): Promise<Account | null>;
  findById(id: number): Promise<Account | null>;
  findSignIn(name: string): Promise<SignInRecord | null>;
  findSignInById(id: number): Promise<SignInRecord | null>;
  /** Sorted by name. */
  list(): Promise<readonly Account[]>;
  /** Those that the filter names, with their groups, sorted by name; read in one go, however many they are. */
  search(filter: AccountFilter): Promise<readonly AccountRecord[]>;
  groupsOf(id: number): Promise<readonly NamedId[]>;
  update(
    name: string,
    change: AccountChange,
    now: EpochSeconds,
  ): Promise<Result<Account, AccountRefusal>>;
  /** The robots of a user, sorted by name. */
  robotsOf(ownerId: number): Promise<readonly Account[]>;
  /** Removes the account, its memberships, its credentials and the grants made to it. Answers what it was. */
  remove(name: string): Promise<Result<Account, AccountRefusal>>;
  /** Stores a better hash of the same password; changes neither version nor date. No-op if the hash has changed since. */
  replaceHash(id: number, oldHash: string, newHash: string): Promise<void>;
}

export type GroupRefusal =
  | { readonly reason: "unknown-group"; readonly name: string }
  | { readonly reason: "unknown-account"; readonly name: string }
  | { readonly reason: "name-taken"; readonly name: string };

export interface GroupStore {
  add(name: string, now: EpochSeconds): Promise<Result<Group, GroupRefusal>>;
  find(name: string): Promise<Group | null>;
  /** Sorted by name. */
  list(): Promise<readonly (Group & { readonly memberCount: number })[]>;
  /** Sorted by name. */
  members(name: string): Promise<Result<readonly NamedId[], GroupRefusal>>;
  /** All or none; answers the names that were not yet members. */
  addMembers(
    name: string,
    accounts: readonly string[],
  ): Promise<Result<readonly string[], GroupRefusal>>;
  /** All or none (an unknown account refuses); answers the names that were members. */
  removeMembers(
    name: string,
    accounts: readonly string[],
  ): Promise<Result<readonly string[], GroupRefusal>>;
  /** Removes the group and the grants made to it. */
  remove(name: string): Promise<Result<Group, GroupRefusal>>;
}

/** A subject by name, resolved to an id inside the act that uses it. */
export type SubjectName =
  | { readonly kind: "account" | "group"; readonly name: string }
  | { readonly kind: "authenticated" }
  | { readonly kind: "anonymous" };

export interface NewGrant {
  readonly subject: SubjectName;
  readonly actions: readonly Action[];
  readonly expiresAt: EpochSeconds | null;
}

export interface NewImage {
  readonly pattern: ImagePattern;
  readonly isExclusive: boolean;
  /** Absent: not immutable. */
  readonly isImmutable?: boolean;
  readonly facts: ImageFacts;
  readonly grants: readonly NewGrant[];
}

export interface ImageChange {
  readonly isExclusive?: boolean;
  readonly isImmutable?: boolean;
  readonly facts?: Partial<ImageFacts>;
  /** Replaces all grants. */
  readonly grants?: readonly NewGrant[];
}

export type ImageRefusal =
  | { readonly reason: "unknown-image"; readonly image: string }
  | { readonly reason: "image-taken"; readonly image: string }
  | { readonly reason: "unknown-account"; readonly name: string }
  | { readonly reason: "unknown-group"; readonly name: string };

/** An image with all its grants that have not ended. */
export type RegisteredImage = Image & { readonly grants: readonly Grant[] };

export interface ImageQuery {
  readonly filter: ImageFilter;
  readonly order: ImageSorting;
  readonly page: Page;
}

export interface ImagePage {
  readonly images: readonly RegisteredImage[];
  readonly total: number;
}

export interface ImageStore {
  register(image: NewImage, now: EpochSeconds): Promise<Result<RegisteredImage, ImageRefusal>>;
  find(pattern: ImagePattern, now: EpochSeconds): Promise<RegisteredImage | null>;
  /** Sorted by repository, tag, service. */
  list(now: EpochSeconds): Promise<readonly RegisteredImage[]>;
  /** One page of those that the filter names, and how many there are in all. Indexed where the filter allows it. */
  search(query: ImageQuery, now: EpochSeconds): Promise<ImagePage>;
  update(
    pattern: ImagePattern,
    change: ImageChange,
    now: EpochSeconds,
  ): Promise<Result<RegisteredImage, ImageRefusal>>;
  unregister(
    pattern: ImagePattern,
    now: EpochSeconds,
  ): Promise<Result<RegisteredImage, ImageRefusal>>;
  /**
   * Sets the one grant of a subject on an image (replacing an earlier one), making a non-exclusive entry where there is
   * none. `before` is the grant that stood there, null if none.
   */
  grant(
    pattern: ImagePattern,
    grant: NewGrant,
    now: EpochSeconds,
  ): Promise<
    Result<
      {
        readonly image: RegisteredImage;
        readonly before: Grant | null;
        readonly isNewEntry: boolean;
      },
      ImageRefusal
    >
  >;
  /**
   * Takes the given actions (null: all) from the grant of a subject; a grant left without actions is removed.
   * `before` null: there was no such grant, nothing changed.
   */
  revoke(
    pattern: ImagePattern,
    subject: SubjectName,
    actions: readonly Action[] | null,
    now: EpochSeconds,
  ): Promise<
    Result<
      {
        readonly image: RegisteredImage;
        readonly before: Grant | null;
        readonly after: Grant | null;
      },
      ImageRefusal
    >
  >;
  /**
   * Images that can name something the pattern names too, an equal one included, sorted by repository, tag, service; at
   * most `limit`, then `isCut`. Indexed: what lies elsewhere is not read.
   */
  findOverlapping(
    pattern: ImagePattern,
    limit: number,
    now: EpochSeconds,
  ): Promise<{ readonly images: readonly RegisteredImage[]; readonly isCut: boolean }>;
  /** Every image that has a grant for the subject, with that grant alone. */
  listGrantsOf(subject: Subject, now: EpochSeconds): Promise<readonly GrantedImage[]>;
  /** Images with a tag; for health and for the refusal of such rules without a gate. */
  countTagged(): Promise<number>;
  /** Immutable images. */
  countImmutable(): Promise<number>;
}

/** Everything that decides and lists needs, on one store. */
export interface Store {
  readonly accounts: AccountStore;
  readonly groups: GroupStore;
  readonly images: ImageStore;
  readonly policy: PolicyReader & NamedRepositories;
  readonly changes: ChangeLog;
  readonly credentials: CredentialStore;
  /** Accounts, groups, images and grants as one. */
  readonly whole: PolicyStore;
  /** Changes whenever anything was committed by anybody; cheap enough to ask on every request. Throws StoreUnavailable. */
  dataVersion(): number;
  /** Rises by a restore; a refresh token or personal token of an earlier epoch must be confirmed before it works again. */
  credentialEpoch(): Promise<number>;
  /** All of it in memory, to try something on: what changes there nobody else sees. Closed by who asked for it. */
  copyInMemory(): Promise<Store>;
  /** A small read; throws StoreUnavailable. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
