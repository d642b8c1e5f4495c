// What a token says, and who signs it; implemented by crypto/.
import type { EpochSeconds } from "./time.js";

/** One entry of a token's `access` claim (distribution auth/jwt.md, "access"). */
export interface AccessEntry {
  readonly type: "repository" | "registry";
  readonly name: string;
  readonly actions: readonly string[];
}

export interface TokenClaims {
  readonly issuer: string;
  /** The account's name; empty for anonymous. */
  readonly subject: string;
  readonly audience: string;
  readonly issuedAt: EpochSeconds;
  readonly notBefore: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  readonly tokenId: string;
  readonly access: readonly AccessEntry[];
  /** For the gate: who asked and by which credential; null for anonymous. */
  readonly holder: { readonly account: number; readonly credential: string } | null;
}

/** What a token of ours says, once its signature and its times were found good. */
export interface VerifiedToken {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
  readonly issuedAt: EpochSeconds;
  /** It counts until just before this second, without leeway. */
  readonly expiresAt: EpochSeconds;
  readonly access: readonly AccessEntry[];
  readonly holder: TokenClaims["holder"];
}

export interface TokenVerifier {
  /**
   * Null: not signed with one of the keys that are published now, or not one of ours for any reason. Times, issuer and
   * audience are the caller's to judge. Nothing in the token's header is followed but `alg` and `kid` (THREATS D14).
   */
  verify(token: string): Promise<VerifiedToken | null>;
  /** Another number whenever the published keys have changed: what was verified before must be verified anew. */
  generation(): number;
}

export interface TokenSigner {
  /** The JWT in compact form, signed with the active key. */
  sign(claims: TokenClaims): Promise<string>;
}
