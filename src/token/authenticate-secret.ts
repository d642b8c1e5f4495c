// Personal tokens, robots' secrets and refresh tokens: found by their digest, no slow hash, never locked for guessing.
import { isActive, parseName } from "../domain/account.js";
import {
  findEnd,
  fitsAccount,
  nameCredential,
  type CredentialSecrets,
  type CredentialStore,
  type PresentedCredential,
  type RefreshLife,
  type SecretShape,
  type UseRecorder,
} from "../domain/credential.js";
import { err, ok, type Result } from "../domain/result.js";
import { identify, type Circumstances, type Identity } from "./authenticate.js";
import { isPasswordTooOld } from "./password-age.js";
import type { RefusedHolder, TokenRefusal } from "./token-answer.js";

export interface SecretContext {
  readonly credentials: CredentialStore;
  readonly secrets: CredentialSecrets;
  readonly uses: UseRecorder;
  readonly refreshLife: RefreshLife;
  /** 0: passwords never age. */
  readonly passwordMaxAgeDays: number;
}

/** `sign-in`: as a password, with the name of its account; `nameless`: without one; `refresh`: by the refresh grant. */
export type PresentedSecret =
  | { readonly use: "refresh" | "nameless"; readonly shape: SecretShape }
  | { readonly use: "sign-in"; readonly shape: SecretShape; readonly name: string };

/**
 * Answers who the secret proves; a mistyped one costs no read (THREATS E11). A refresh token is no password: as one it is
 * refused (THREATS B05), and where it has ended its holder is told so. Throws StoreUnavailable.
 */
export async function authenticateSecret(
  presented: PresentedSecret,
  context: SecretContext,
  circumstances: Circumstances,
): Promise<Result<Identity, TokenRefusal>> {
  const { shape } = presented;
  if (shape.kind === "foreign" || shape.kind === "damaged") return err(BAD_SECRET);
  const isRefresh = shape.kind === "refresh";
  if (!isRefresh && presented.use !== "sign-in") return err(BAD_SECRET);
  const found = await context.credentials.present(shape.digest);
  if (found === null) return err(isRefresh ? FORGOTTEN_LOGIN : BAD_SECRET);
  const refusal = await findRefusal(presented, found, { context, circumstances });
  if (refusal !== null) return err(refusal);
  if (isRefresh && presented.use !== "refresh") {
    return err({ ...BAD_SECRET, holder: nameHolder(found) });
  }
  const { credential, holder } = found;
  const { now, sender } = circumstances;
  const { address, program } = sender;
  context.uses.used(credential.id, { at: now, address, program });
  const { ceiling, kind } = credential;
  return ok(identify(holder, kind, { credential: nameCredential(credential), ceiling }));
}

const BAD_SECRET = { reason: "bad-credentials", detail: "bad-secret" } as const;
/** The checksum fits: it was a login of ours, and its owner may be told so. */
const FORGOTTEN_LOGIN = {
  reason: "credential-ended",
  kind: "refresh",
  detail: "unknown",
} as const;

interface Surroundings {
  readonly context: SecretContext;
  readonly circumstances: Circumstances;
}

async function findRefusal(
  presented: PresentedSecret,
  found: PresentedCredential,
  { context, circumstances }: Surroundings,
): Promise<TokenRefusal | null> {
  const { credential, holder } = found;
  const { account } = holder;
  const { now, service } = circumstances;
  const { kind } = credential;
  const named = nameHolder(found);
  if (presented.use === "sign-in" && parseName(presented.name) !== account.name) {
    return { reason: "bad-credentials", detail: "wrong-name", holder: named };
  }
  if (!fitsAccount(kind, account)) return BAD_SECRET;
  const end = findEnd(credential, now, context.refreshLife);
  if (end !== null) {
    if (credential.end === null) await keepEnd(found, end, { context, circumstances });
    return { reason: "credential-ended", kind, detail: end, holder: named };
  }
  if (credential.service !== null && credential.service !== service) {
    return { reason: "credential-ended", kind, detail: "other-service", holder: named };
  }
  if (!isActive(account, now)) {
    const isRefresh = kind === "refresh";
    if (isRefresh && account.isEnabled) {
      await keepEnd(found, "account-ended", { context, circumstances });
    }
    const detail = account.isEnabled ? "account-ended" : "account-disabled";
    return { reason: "credential-ended", kind, detail, holder: named };
  }
  if (credential.isUnconfirmed) return { reason: "unconfirmed", kind, holder: named };
  const isAged = kind === "refresh" && isPasswordTooOld(account, context.passwordMaxAgeDays, now);
  return isAged ? { reason: "password-too-old", holder: named } : null;
}

const nameHolder = ({ credential, holder }: PresentedCredential): RefusedHolder => ({
  account: holder.account.name,
  credential: nameCredential(credential),
});

/** An end is recorded at its first refusal, so that a clock set back does not revive it (THREATS E15). */
async function keepEnd(
  { credential }: PresentedCredential,
  reason: Parameters<CredentialStore["noteEnd"]>[1],
  { context, circumstances }: Surroundings,
): Promise<void> {
  try {
    await context.credentials.noteEnd(credential.id, reason, circumstances.now);
  } catch {
    // NOTE: refused all the same; a store that can't write now records it at the next refusal.
  }
}
