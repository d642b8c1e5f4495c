// What the outside may see and do with the token keys; no key material passes through here.
import type { TokenSigner, TokenVerifier } from "./token.js";
import type { Result } from "./result.js";
import type { Secret } from "./secret.js";
import type { EpochSeconds } from "./time.js";

export type KeyHeader = "x5c" | "kid-libtrust" | "kid-rfc7638";
export type KeyAlgorithm = "ES256" | "RS256";

/** `prepared`: published, not yet signing. `retired`: no longer signing, still published until its tokens have ended. */
export type KeyState = "prepared" | "active" | "retired";

export interface KeySummary {
  /** Short stable name, for the command line. */
  readonly id: string;
  readonly role: "ca" | "signing";
  readonly state: KeyState;
  /** `ES256`, `RS256` for signing keys; `RSA-3072`, `P-256`… for CAs. */
  readonly algorithm: string;
  /** What tokens carry as `kid` (signing keys), null for a CA. */
  readonly kid: string | null;
  readonly notBefore: EpochSeconds;
  readonly notAfter: EpochSeconds;
  readonly isImported: boolean;
}

/** A refusal in words for the operator: what was wrong and what to do. Never holds key material. */
export interface KeyFault {
  readonly code:
    | "insecure-mode"
    | "mismatch"
    | "expired"
    | "weak-key"
    | "unsupported-key"
    | "encrypted"
    | "malformed"
    | "wrong-mode"
    | "nothing-prepared"
    | "missing"
    | "unreadable"
    | "not-writable"
    | "not-a-ca";
  readonly message: string;
}

/** A key and its certificate as somebody brought them along. */
export interface ImportFiles {
  readonly keyText: Secret;
  readonly certificateText: string;
  /** Its path, for messages. */
  readonly certificateFile: string;
  /** A CA that is to issue our signing certificates. */
  readonly isCa: boolean;
}

/** The keys as operators and the server use them. Changes are atomic: kill -9 leaves the old set or the new one. */
export interface KeyStore extends TokenSigner, TokenVerifier {
  /** Opening has made CA and signing key: no registry knows them yet. */
  readonly isNew: boolean;
  list(): readonly KeySummary[];
  /** PEM of every certificate that registries should trust now (`rootcertbundle`). */
  bundlePem(): string;
  /** JWK set of every published signing key: public members only. */
  jwks(): { readonly keys: readonly Readonly<Record<string, string>>[] };
  /** `x5c` only: a new leaf signs at once, no registry needs to know. In kid modes: `wrong-mode`, names prepare/activate. */
  rotate(): Promise<Result<KeySummary, KeyFault>>;
  /** `kid` modes: publishes a new signing key without using it. */
  prepare(): Promise<Result<KeySummary, KeyFault>>;
  /** Publishes a new CA beside the present one (x5c): registries restart, then `activate`. */
  rotateCa(): Promise<Result<KeySummary, KeyFault>>;
  /** Signs with what was prepared (key or CA). */
  activate(): Promise<Result<KeySummary, KeyFault>>;
  importKey(files: ImportFiles): Promise<Result<KeySummary, KeyFault>>;
  /**
   * Takes over what another process changed, and renews our own leaf when it is due (x5c). Never throws; problems are
   * in `warnings()`.
   */
  refresh(): Promise<void>;
  /** For health: sentences such as `the token CA ends in 20 days: run dockwarden key rotate --ca`. */
  warnings(): readonly string[];
}
