// What proves an account besides its password: personal tokens, a robot's secrets, and the logins that refresh tokens keep.
import type { Account } from "./account.js";
import type { Sender } from "./activity.js";
import type { Ceiling } from "./ceiling.js";
import type { SignInRecord } from "./ports.js";
import type { Result } from "./result.js";
import type { EpochSeconds } from "./time.js";

/** `token`: a personal token; `secret`: one of a robot's; `refresh`: what `docker login` keeps instead of a password. */
export const CREDENTIAL_KINDS = ["token", "secret", "refresh"] as const;
export type CredentialKind = (typeof CREDENTIAL_KINDS)[number];

/** Why a credential no longer works; for operators and logs, the person who signs in is told less. */
export const END_REASONS = [
  "revoked",
  "expired",
  "idle",
  "password-changed",
  "account-disabled",
  "account-ended",
  "account-removed",
  "displaced",
  "rotated",
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** When, from where and by which program a credential was used last; behind by a minute at most. */
export interface CredentialUse extends Sender {
  readonly at: EpochSeconds;
}

/** A credential as stored; the secret itself is never kept. */
export interface Credential {
  /** Never given to another credential; `token revoke` takes it. */
  readonly id: number;
  readonly accountId: number;
  readonly kind: CredentialKind;
  /** Narrowed only for personal tokens. */
  readonly ceiling: Ceiling;
  /** The one audience of a refresh token; null for the others. */
  readonly service: string | null;
  readonly description: string | null;
  readonly createdAt: EpochSeconds;
  /** Where `docker login` was typed; null for what an operator made. */
  readonly createdFrom: Sender | null;
  /** It works until just before this second; null: no end of its own. */
  readonly expiresAt: EpochSeconds | null;
  readonly lastUse: CredentialUse | null;
  /** From before a restore: it works again once confirmed. */
  readonly isUnconfirmed: boolean;
  /** Null while it has not ended; an end is recorded once and for ever, also against clocks that run backwards. */
  readonly end: { readonly at: EpochSeconds; readonly reason: EndReason } | null;
}

export interface NewCredential {
  readonly account: string;
  readonly kind: CredentialKind;
  /** SHA-256 of the secret, 64 hexadecimal digits. */
  readonly digest: string;
  readonly ceiling: Ceiling;
  readonly service: string | null;
  readonly description: string | null;
  readonly createdFrom: Sender | null;
  readonly expiresAt: EpochSeconds | null;
  /** Of a login: the credentialVersion under which its password was right. With another by now it is not kept. */
  readonly version?: number;
  /** Of a secret: live ones that may end to make room for it; without them none may. Logins need not say. */
  readonly mayEnd?: readonly number[];
}

/** A credential found by its secret, with everything that signing in needs, read in one go. */
export interface PresentedCredential {
  readonly credential: Credential;
  readonly holder: SignInRecord;
}

/** A credential with the name of its account, for lists. */
export interface ListedCredential extends Credential {
  readonly account: string;
}

export type CredentialRefusal =
  | { readonly reason: "unknown-account"; readonly name: string }
  /** Robots have secrets, users personal tokens and logins. */
  | { readonly reason: "wrong-kind"; readonly name: string }
  | { readonly reason: "unknown-credential"; readonly id: number }
  | { readonly reason: "already-ended"; readonly id: number }
  /** A live secret outside `mayEnd` would have to go: somebody else added one meanwhile. */
  | { readonly reason: "would-end"; readonly name: string; readonly id: number };

export interface CredentialFilter {
  /** An account's name; null: everybody's. */
  readonly account: string | null;
  /** Also those that have ended and are still on record. */
  readonly withEnded: boolean;
}

/** Live refresh tokens of one account; a further login ends the one that was used least recently. */
export const REFRESH_TOKENS_MAX = 50;
/** Live secrets of one robot: rotation needs two, so that nobody is shut out meanwhile. */
export const ROBOT_SECRETS_MAX = 2;

/** Every act is whole and atomic; every method may throw StoreUnavailable. */
export interface CredentialStore {
  /**
   * Adds it (`unknown-account` also where `version` is past), and ends what goes beyond REFRESH_TOKENS_MAX (the least
   * recently used first) or ROBOT_SECRETS_MAX (the oldest first); what is past its own end goes before anything that
   * still works, and of secrets that do only those of `mayEnd` (`would-end`).
   */
  add(
    credential: NewCredential,
    now: EpochSeconds,
  ): Promise<
    Result<
      { readonly credential: Credential; readonly ended: readonly number[] },
      CredentialRefusal
    >
  >;
  /** By the digest that `NewCredential` has. Ended ones too: who presents them is told so. Null: no such secret was ever given out. One indexed read. */
  present(digest: string): Promise<PresentedCredential | null>;
  /** As `present`, by number: for the gate. */
  presentById(id: number): Promise<PresentedCredential | null>;
  /** Sorted by account, then number. */
  list(filter: CredentialFilter): Promise<readonly ListedCredential[]>;
  find(id: number): Promise<ListedCredential | null>;
  /** All or none; ends them for ever. Answers what they were. */
  end(
    ids: readonly number[],
    reason: EndReason,
    now: EpochSeconds,
  ): Promise<Result<readonly ListedCredential[], CredentialRefusal>>;
  /** Makes credentials from before a restore work again: those named, or (null) all tokens and secrets; a login alone where it is named. Answers the confirmed ones. */
  confirm(
    ids: readonly number[] | null,
  ): Promise<Result<readonly ListedCredential[], CredentialRefusal>>;
  /** Live ones from before a restore that wait to be confirmed; for health. */
  countUnconfirmed(now: EpochSeconds): Promise<number>;
  /** Records an end that time brought, so that a clock set back does not revive it (THREATS E15). No-op if ended. */
  noteEnd(id: number, reason: EndReason, now: EpochSeconds): Promise<void>;
  /** Writes last uses in one go; an older use never replaces a newer one. */
  noteUses(uses: ReadonlyMap<number, CredentialUse>): Promise<void>;
  /** Forgets credentials that ended before; answers how many. */
  prune(before: EpochSeconds): Promise<number>;
}

/** Notes that a credential was used. Never waits and never fails: it is on the path of every token. */
export interface UseRecorder {
  used(id: number, use: CredentialUse): void;
}

/** What a text is that came in as a password or refresh token, told by its shape alone: no store is asked. */
export type SecretShape =
  /** `digest`: as `NewCredential` has it. */
  | { readonly kind: CredentialKind; readonly digest: string }
  /** Our prefix, but the checksum does not fit: mistyped or made up. */
  | { readonly kind: "damaged" }
  /** Not one of ours: a password. */
  | { readonly kind: "foreign" };

/** Makes and reads the secrets of credentials; pure but for the randomness of `make`. */
export interface CredentialSecrets {
  /** 256 random bits with prefix and checksum, and the digest to store. */
  make(kind: CredentialKind): { readonly secret: string; readonly digest: string };
  read(text: string): SecretShape;
}

/** How long a refresh token lives; `refresh.*`. */
export interface RefreshLife {
  readonly idleSeconds: number;
  readonly absoluteSeconds: number;
}

/** `token:12`, as the audit and the token's private claim name a credential; a password is `password:VERSION`. */
export function nameCredential({ kind, id }: Pick<Credential, "kind" | "id">): string {
  return `${kind}:${id}`;
}

/** Why time alone has ended it at `now`, null while it lives; says nothing of its account. */
export function findEnd(
  credential: Credential,
  now: EpochSeconds,
  life: RefreshLife,
): EndReason | null {
  if (credential.end !== null) return credential.end.reason;
  if (credential.expiresAt !== null && now >= credential.expiresAt) return "expired";
  if (credential.kind !== "refresh") return null;
  const usedAt = credential.lastUse?.at ?? credential.createdAt;
  return now >= usedAt + life.idleSeconds ? "idle" : null;
}

/** When time alone will end it if nobody uses it meanwhile; null: never. */
export function findEndTime(credential: Credential, life: RefreshLife): EpochSeconds | null {
  const { expiresAt, kind, lastUse, createdAt } = credential;
  if (kind !== "refresh") return expiresAt;
  const idleEnd = (lastUse?.at ?? createdAt) + life.idleSeconds;
  return expiresAt === null ? idleEnd : Math.min(expiresAt, idleEnd);
}

/** Whether this kind of account can have this kind of credential. */
export function fitsAccount(kind: CredentialKind, account: Pick<Account, "kind">): boolean {
  return (kind === "secret") === (account.kind === "robot");
}
