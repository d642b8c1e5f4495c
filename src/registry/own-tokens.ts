// The tokens that we ask registries with: signed by ourselves, for exactly what is asked, alive for a minute.
import type { Clock, EpochSeconds } from "../domain/time.js";
import { OWN_SUBJECT } from "../domain/registry-api.js";
import type { AccessEntry, TokenSigner } from "../domain/token.js";

export interface OwnTokenParts {
  readonly signer: TokenSigner;
  readonly issuer: string;
  readonly clock: Clock;
  readonly randomId: () => string;
}

const LIFE_SECONDS = 60;
/** A registry's clock may be ahead, and the request takes its time. */
const REUSE_SECONDS = 30;
const BACKDATE_SECONDS = 10;
const KEPT_MAX = 1000;

/** A token for one service and one entry of access; the same for half a minute. */
export type OwnTokens = (service: string, access: AccessEntry) => Promise<string>;

export function createOwnTokens({ signer, issuer, clock, randomId }: OwnTokenParts): OwnTokens {
  const kept = new Map<string, { readonly token: Promise<string>; readonly until: EpochSeconds }>();
  const sign = (service: string, access: AccessEntry, now: EpochSeconds): Promise<string> =>
    signer.sign({
      issuer,
      subject: OWN_SUBJECT,
      audience: service,
      issuedAt: now,
      notBefore: now - BACKDATE_SECONDS,
      expiresAt: now + LIFE_SECONDS,
      tokenId: randomId(),
      access: [access],
      holder: null,
    });
  return (service, access) => {
    const now = clock.now();
    const key = JSON.stringify([service, access.type, access.name, access.actions]);
    const found = kept.get(key);
    // A clock that was set back must not stretch a token's use either.
    if (found !== undefined && found.until > now && found.until <= now + REUSE_SECONDS) {
      return found.token;
    }
    if (kept.size >= KEPT_MAX) kept.clear();
    const token = sign(service, access, now);
    token.catch(() => kept.delete(key));
    kept.set(key, { token, until: now + REUSE_SECONDS });
    return token;
  };
}
