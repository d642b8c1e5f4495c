// Who is it? Turns a credential into a requester; says nothing about what they may do.
import type { Sender } from "../domain/activity.js";
import type { CredentialKind } from "../domain/credential.js";
import type { Ceiling } from "../domain/ceiling.js";
import type { SignInRecord } from "../domain/ports.js";
import type { Requester } from "../domain/requester.js";
import { err, ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import { authenticatePassword, type PasswordContext } from "./authenticate-password.js";
import { authenticateSecret, type SecretContext } from "./authenticate-secret.js";
import type { TokenRefusal } from "./token-answer.js";
import type { Credential } from "./token-request.js";

export interface AuthenticateContext extends PasswordContext, SecretContext {
  /** `tokens-only`: passwords, and the logins made with them, prove nobody. */
  readonly passwordUse: "on" | "tokens-only";
}

export interface Identity {
  readonly requester: Requester;
  /** For the token's private claim; null for anonymous. */
  readonly holder: { readonly account: number; readonly credential: string } | null;
  /** What proved it; only who typed a password may get a refresh token. */
  readonly proof: "none" | "password" | CredentialKind;
}

/** What the request tells about its sender besides the credential. */
export interface Circumstances {
  /** The network that counts as one source. */
  readonly source: string;
  readonly sender: Sender;
  /** The audience asked for: a refresh token is bound to one. */
  readonly service: string;
  readonly now: EpochSeconds;
}

const ANONYMOUS: Identity = { requester: { kind: "anonymous" }, holder: null, proof: "none" };

/**
 * Answers who the credential proves. Unknown name, wrong password and inactive account cost the same one hash and give
 * the same refusal (THREATS B02); what is shaped like one of our secrets costs none. Throws StoreUnavailable.
 */
export async function authenticate(
  credential: Credential,
  context: AuthenticateContext,
  circumstances: Circumstances,
): Promise<Result<Identity, TokenRefusal>> {
  switch (credential.kind) {
    case "none":
      return ok(ANONYMOUS);
    case "refresh":
      if (context.passwordUse === "tokens-only") return err({ reason: "tokens-only" });
      return authenticateSecret(
        { secret: credential.token, use: "refresh" },
        context,
        circumstances,
      );
    case "password": {
      const { name, password } = credential;
      if (context.secrets.read(password.reveal()).kind !== "foreign") {
        return authenticateSecret(
          { secret: password, use: "sign-in", name },
          context,
          circumstances,
        );
      }
      if (context.passwordUse === "tokens-only") return err({ reason: "tokens-only" });
      return authenticatePassword(credential, context, circumstances);
    }
  }
}

/** An account that has proved itself. */
export function identify(
  { account, groups }: SignInRecord,
  proof: "password" | CredentialKind,
  { credential, ceiling }: { readonly credential: string; readonly ceiling: Ceiling },
): Identity {
  return {
    requester: {
      kind: "account",
      id: account.id,
      name: account.name,
      accountKind: account.kind,
      permissions: account.permissions,
      groups,
      ceiling,
    },
    holder: { account: account.id, credential },
    proof,
  };
}
