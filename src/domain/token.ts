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

export interface TokenSigner {
  /** The JWT in compact form, signed with the active key. */
  sign(claims: TokenClaims): Promise<string>;
}
