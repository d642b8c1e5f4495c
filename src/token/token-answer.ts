// What a token request comes to: a token, or one of a closed list of refusals.
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
}

export type TokenRefusal =
  /** The audience is not one of ours. */
  | { readonly reason: "unknown-service" }
  /** Name, password, or account state; `detail` is for logs only: outside all look alike. */
  | {
      readonly reason: "bad-credentials";
      readonly detail: "unknown-account" | "bad-password" | "disabled" | "expired" | "no-password";
    }
  /** The right password, older than `passwords.maxAgeDays`. */
  | { readonly reason: "password-too-old" }
  /** The hash queue is full. */
  | { readonly reason: "busy" }
  /** So many and so long scopes that the token would not pass a proxy's header line. */
  | { readonly reason: "token-too-large" };
