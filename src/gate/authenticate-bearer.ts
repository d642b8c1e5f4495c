// Who holds this token, as things are now? A token of ours counts no longer than its account and its credential.
import { isActive } from "../domain/account.js";
import { findEnd, type CredentialStore, type RefreshLife } from "../domain/credential.js";
import { keepValues } from "../domain/kept-values.js";
import type { AccountStore, SignInRecord } from "../domain/ports.js";
import { accountRequester, ANONYMOUS, NO_CEILING, type Requester } from "../domain/requester.js";
import { err, ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { TokenVerifier, VerifiedToken } from "../domain/token.js";
import { readBearer } from "./bearer.js";
import type { VerifiedTokens } from "./verified-tokens.js";

export interface BearerContext {
  readonly verifier: TokenVerifier;
  /** What was verified before; each token is verified once. */
  readonly verified: VerifiedTokens;
  readonly accounts: Pick<AccountStore, "findSignInById">;
  readonly credentials: Pick<CredentialStore, "presentById">;
  readonly refreshLife: RefreshLife;
  readonly issuer: string;
  readonly services: readonly string[];
}

export interface BearerIdentity {
  /** With the rights and the ceiling of now, not those at the token's making. */
  readonly requester: Requester;
  /** The token's audience. */
  readonly service: string;
  /** As in the audit: `token:12`, `password:1`; empty for anonymous. */
  readonly credential: string;
}

/** `none`: no token was sent. `details`: for the log. */
export type BearerRefusal =
  | { readonly reason: "none" | "two-headers" }
  | {
      readonly reason: "invalid-token";
      readonly detail:
        "unverified" | "issuer" | "audience" | "expired" | "account-ended" | "credential-ended";
    };

/**
 * Judges the values of `Authorization`, without leeway: a registry takes a token for a minute beyond its end, and the gate
 * must not (REGISTRY-FACTS §4.3). `service`: the only audience that counts; null: any of ours. Throws StoreUnavailable.
 */
export async function authenticateBearer(
  values: readonly string[],
  service: string | null,
  context: BearerContext,
  now: EpochSeconds,
): Promise<Result<BearerIdentity, BearerRefusal>> {
  const bearer = readBearer(values);
  if (!bearer.ok) return err({ reason: bearer.error });
  if (bearer.value.kind === "none") return err({ reason: "none" });
  const text = bearer.value.token;
  const token =
    context.verified.known(text, context.verifier) ??
    (await context.verified.verify(text, context.verifier));
  if (token === null) return invalid("unverified");
  if (token.issuer !== context.issuer) return invalid("issuer");
  const isOurs = context.services.includes(token.audience);
  if (!isOurs || (service !== null && token.audience !== service)) return invalid("audience");
  if (now >= token.expiresAt) return invalid("expired");
  return identifyHolder(token, context, now);
}

const invalid = (
  detail: Extract<BearerRefusal, { reason: "invalid-token" }>["detail"],
): Result<never, BearerRefusal> => err({ reason: "invalid-token", detail });

async function identifyHolder(
  token: VerifiedToken,
  context: BearerContext,
  now: EpochSeconds,
): Promise<Result<BearerIdentity, BearerRefusal>> {
  const { holder, subject, audience: service } = token;
  if (holder === null) {
    // Somebody's, but of a release that did not write whose: a new one says it. Never anonymous, who is refused for good.
    if (subject !== "") return invalid("unverified");
    return ok({ requester: ANONYMOUS, service, credential: "" });
  }
  const { credential: name } = holder;
  const named = readCredentialName(name);
  if (named === "nothing") return invalid("credential-ended");
  const found = named === "password" ? named : await context.credentials.presentById(named);
  if (found === null) return invalid("credential-ended");
  const record =
    found === "password" ? await context.accounts.findSignInById(holder.account) : found.holder;
  if (record?.account.id !== holder.account) return invalid("account-ended");
  // A store that was restored may give a number anew; a name that was changed needs a new token.
  if (record.account.name !== token.subject) return invalid("account-ended");
  if (!isActive(record.account, now)) return invalid("account-ended");
  if (found === "password") {
    if (isBeforePassword(token, record)) return invalid("credential-ended");
    const requester = accountRequester(record, NO_CEILING);
    return ok({ requester, service, credential: name });
  }
  const { credential } = found;
  if (findEnd(credential, now, context.refreshLife) !== null || credential.isUnconfirmed) {
    return invalid("credential-ended");
  }
  const requester = accountRequester(record, credential.ceiling);
  return ok({ requester, service, credential: name });
}

/** A token that an earlier password brought; its account may have changed in other ways since. */
function isBeforePassword(token: VerifiedToken, { account }: SignInRecord): boolean {
  const { passwordChangedAt, credentialVersion } = account;
  if (passwordChangedAt === null || token.issuedAt > passwordChangedAt) return false;
  // Within the same second the version tells.
  const isSame = token.holder?.credential === `password:${credentialVersion}`;
  return token.issuedAt < passwordChangedAt || !isSame;
}

/** What the private claim names: `password:1`, or a credential by its number. */
const readCredentialName = keepValues((name): "password" | "nothing" | number => {
  if (/^password:\d+$/.test(name)) return "password";
  const number = /^(?:token|secret|refresh):(\d{1,15})$/.exec(name)?.[1];
  return number === undefined ? "nothing" : Number(number);
});
