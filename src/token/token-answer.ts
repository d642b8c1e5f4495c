// What a token request comes to: a token, or one of a closed list of refusals.
import type { CredentialKind, EndReason } from "../domain/credential.js";
import type { AccessEntry, TokenClaims } from "../domain/token.js";
import type { Decision } from "../domain/decision.js";
import type { EpochSeconds } from "../domain/time.js";

export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly issuedAt: EpochSeconds;
  /** The account's name, empty for anonymous. */
  readonly subject: string;
  /** By which account and credential; null for anonymous. */
  readonly holder: TokenClaims["holder"];
  readonly access: readonly AccessEntry[];
  /** Why, per repository asked for. */
  readonly decisions: readonly { readonly repository: string; readonly decision: Decision }[];
  /** To be kept by the client instead of a password; the same one again after a refresh. Null: none was asked for or due. */
  readonly refreshToken: string | null;
}

/** Whose credential was presented, where it proves so much and still is refused; for logs and the audit. */
export interface RefusedHolder {
  readonly account: string;
  /** nameCredential's form. */
  readonly credential: string;
}

export type TokenRefusal =
  /** The audience is not one of ours. */
  | { readonly reason: "unknown-service" }
  /** Name, password, or account state; `detail` is for logs only: outside all look alike. */
  | {
      readonly reason: "bad-credentials";
      readonly detail:
        | "unknown-account"
        | "bad-password"
        | "disabled"
        | "expired"
        | "no-password"
        /** Shaped like one of our secrets, but mistyped, never given out, or not for this use (then with a holder). */
        | "bad-secret"
        /** A real secret, with another account's name. */
        | "wrong-name";
      readonly holder?: RefusedHolder;
    }
  /** A real personal token, robot's secret or refresh token that has ended; who holds it may know. */
  | {
      readonly reason: "credential-ended";
      readonly kind: CredentialKind;
      /** `unknown`: forgotten with its account or its days; the shape alone says that it is a login. */
      readonly detail: EndReason | "other-service" | "unknown";
      readonly holder?: RefusedHolder;
    }
  /** From before a restore, and not yet confirmed. */
  | {
      readonly reason: "unconfirmed";
      readonly kind: CredentialKind;
      readonly holder: RefusedHolder;
    }
  /** Basic without a name, and no refresh token that has ended. */
  | { readonly reason: "nameless"; readonly holder?: RefusedHolder }
  /** `passwords.use` is tokens-only. */
  | { readonly reason: "tokens-only" }
  /** Too many wrong passwords for this account or from this network; `detail` is for logs only. */
  | {
      readonly reason: "throttled";
      readonly detail: "account" | "network";
      readonly retryAfterSeconds: number;
    }
  /** The right password, or a login made with it, older than `passwords.maxAgeDays`. */
  | { readonly reason: "password-too-old"; readonly holder?: RefusedHolder }
  /** The hash queue is full. */
  | { readonly reason: "busy" }
  /** So many and so long scopes that the token would not pass a proxy's header line. */
  | { readonly reason: "token-too-large" };
