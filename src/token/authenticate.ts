// Who is it? Turns a credential into a requester; says nothing about what they may do.
import type { Sender } from "../domain/activity.js";
import type { CredentialKind } from "../domain/credential.js";
import type { Ceiling } from "../domain/ceiling.js";
import type { SignInRecord } from "../domain/ports.js";
import { accountRequester, ANONYMOUS, type Requester } from "../domain/requester.js";
import { err, ok, type Result } from "../domain/result.js";
import type { Secret } from "../domain/secret.js";
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
  /** The account's credentialVersion that was looked at; null for anonymous. */
  readonly version: number | null;
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

const NOBODY: Identity = {
  requester: ANONYMOUS,
  holder: null,
  proof: "none",
  version: null,
};

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
      return ok(NOBODY);
    case "refresh":
      if (context.passwordUse === "tokens-only") return err({ reason: "tokens-only" });
      return authenticateSecret(
        { shape: context.secrets.read(credential.token.reveal()), use: "refresh" },
        context,
        circumstances,
      );
    case "nameless":
      return refuseNameless(credential.password, context, circumstances);
    case "password": {
      const { name, password } = credential;
      const shape = context.secrets.read(password.reveal());
      const isLogin = shape.kind === "refresh";
      if (isLogin && context.passwordUse === "tokens-only") return err({ reason: "tokens-only" });
      if (shape.kind !== "foreign") {
        return authenticateSecret({ shape, use: "sign-in", name }, context, circumstances);
      }
      if (context.passwordUse === "tokens-only") return err({ reason: "tokens-only" });
      return authenticatePassword(credential, context, circumstances);
    }
  }
}

/**
 * A password alone signs nobody in. It may be a refresh token that was refused by POST and is tried by GET: the words of this
 * second answer are the ones that Docker's containerd store shows, so they say it where the login has ended.
 */
async function refuseNameless(
  password: Secret,
  context: AuthenticateContext,
  circumstances: Circumstances,
): Promise<Result<Identity, TokenRefusal>> {
  const shape = context.secrets.read(password.reveal());
  if (shape.kind !== "refresh") return err({ reason: "nameless" });
  if (context.passwordUse === "tokens-only") return err({ reason: "tokens-only" });
  const presented = { shape, use: "nameless" } as const;
  const refused = await authenticateSecret(presented, context, circumstances);
  if (refused.ok || refused.error.reason !== "bad-credentials") return refused;
  const { holder } = refused.error;
  return err({ reason: "nameless", ...(holder === undefined ? {} : { holder }) });
}

/** An account that has proved itself. */
export function identify(
  record: SignInRecord,
  proof: "password" | CredentialKind,
  { credential, ceiling }: { readonly credential: string; readonly ceiling: Ceiling },
): Identity {
  const { account } = record;
  return {
    requester: accountRequester(record, ceiling),
    holder: { account: account.id, credential },
    proof,
    version: account.credentialVersion,
  };
}
