// The one way to a token: authenticate → authorize → sign → keep the login. Every route calls this; none can miss a step.
import type { TokenSigner } from "../domain/token.js";
import { err, ok, type Result } from "../domain/result.js";
import type { Clock } from "../domain/time.js";
import { authenticate, type AuthenticateContext } from "./authenticate.js";
import { authorize, type AuthorizeContext } from "./authorize.js";
import { keepLogin, type KeepLoginContext } from "./keep-login.js";
import type { IssuedToken, TokenRefusal } from "./token-answer.js";
import type { TokenRequest } from "./token-request.js";

export interface TokenContext extends AuthenticateContext, AuthorizeContext, KeepLoginContext {
  readonly signer: TokenSigner;
  readonly clock: Clock;
  /** 128 random bits as text. */
  readonly randomId: () => string;
  readonly issuer: string;
  /** The audiences that tokens may have. */
  readonly services: readonly string[];
  /** 60 to 3600. */
  readonly ttlSeconds: number;
}

/** Clocks of registries may run behind by so much (docker_auth does the same). */
const NOT_BEFORE_SLACK_SECONDS = 10;
/** Characters; nginx's default header line is 8 KiB, and `Authorization: Bearer ` and the line end need some of it. */
const TOKEN_MAX_CHARACTERS = 8000;

/** Answers a signed token or a refusal. Throws StoreUnavailable or a signing error: then no token exists. */
export async function issueToken(
  request: TokenRequest,
  context: TokenContext,
): Promise<Result<IssuedToken, TokenRefusal>> {
  if (!context.services.includes(request.service)) return err({ reason: "unknown-service" });
  const now = context.clock.now();
  const { service, scopes, source, sender } = request;
  const identity = await authenticate(request.credential, context, {
    source,
    sender,
    service,
    now,
  });
  if (!identity.ok) return identity;
  const { requester, holder } = identity.value;
  const { access, decisions } = await authorize({ requester, service, scopes, now }, context);
  const issuedAt = context.clock.now();
  const subject = requester.kind === "account" ? requester.name : "";
  const token = await context.signer.sign({
    issuer: context.issuer,
    subject,
    audience: service,
    issuedAt,
    notBefore: issuedAt - NOT_BEFORE_SLACK_SECONDS,
    expiresAt: issuedAt + context.ttlSeconds,
    tokenId: context.randomId(),
    access,
    holder,
  });
  if (token.length > TOKEN_MAX_CHARACTERS) return err({ reason: "token-too-large" });
  const refreshToken = await keepLogin(request, identity.value, context, now);
  return ok({
    token,
    expiresInSeconds: context.ttlSeconds,
    issuedAt,
    subject,
    holder,
    access,
    decisions,
    refreshToken,
  });
}
