// The refresh token of an answer: a new one for a login that asks for it, the same one again after a refresh.
import type { CredentialSecrets, CredentialStore, RefreshLife } from "../domain/credential.js";
import type { EpochSeconds } from "../domain/time.js";
import type { Identity } from "./authenticate.js";
import type { TokenRequest } from "./token-request.js";

export interface KeepLoginContext {
  readonly credentials: CredentialStore;
  readonly secrets: CredentialSecrets;
  readonly refreshLife: RefreshLife;
}

/**
 * Answers the refresh token for the client to keep, null where none was asked for or due: only who typed a password gets one
 * (never a personal token or a robot's secret). Not rotated, because Docker's engine loses what it is given
 * (REGISTRY-FACTS §2.2, against RFC 9700 §2.2.2). Throws StoreUnavailable: then the login as a whole fails, or Docker would
 * keep the password instead.
 */
export async function keepLogin(
  request: TokenRequest,
  identity: Identity,
  context: KeepLoginContext,
  now: EpochSeconds,
): Promise<string | null> {
  const { credential, service, sender } = request;
  if (credential.kind === "refresh") return credential.token.reveal();
  const { requester, proof, version } = identity;
  if (!request.wantsRefresh || proof !== "password" || requester.kind !== "account") return null;
  const { secret, digest } = context.secrets.make("refresh");
  const added = await context.credentials.add(
    {
      account: requester.name,
      kind: "refresh",
      digest,
      ceiling: { kind: "none" },
      service,
      description: null,
      createdFrom: sender,
      expiresAt: now + context.refreshLife.absoluteSeconds,
      ...(version === null ? {} : { version }),
    },
    now,
  );
  // Changed or removed between the two steps: no login to keep.
  return added.ok ? secret : null;
}
