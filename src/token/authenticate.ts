// Who is it? Turns a credential into a requester; says nothing about what they may do.
import { isActive, parseName, type Account } from "../domain/account.js";
import type { AccountStore } from "../domain/ports.js";
import type { PasswordHasher } from "../domain/password.js";
import type { Requester } from "../domain/requester.js";
import { err, ok, type Result } from "../domain/result.js";
import type { Secret } from "../domain/secret.js";
import type { EpochSeconds } from "../domain/time.js";
import type { TokenRefusal } from "./token-answer.js";
import type { Credential } from "./token-request.js";

export interface AuthenticateContext {
  readonly accounts: AccountStore;
  readonly hasher: PasswordHasher;
  /** 0: passwords never age. */
  readonly passwordMaxAgeDays: number;
}

export interface Identity {
  readonly requester: Requester;
  /** For the token's private claim; null for anonymous. */
  readonly holder: { readonly account: number; readonly credential: string } | null;
}

/** What the request tells about its sender besides the credential. */
export interface Circumstances {
  readonly source: string;
  readonly now: EpochSeconds;
}

const ANONYMOUS: Identity = { requester: { kind: "anonymous" }, holder: null };
const SECONDS_PER_DAY = 86_400;

/**
 * Answers who the credential proves. Unknown name, wrong password and inactive account cost the same one hash and give
 * the same refusal (THREATS B02); `busy` when the hash queue is full. Throws StoreUnavailable.
 */
export async function authenticate(
  credential: Credential,
  context: AuthenticateContext,
  circumstances: Circumstances,
): Promise<Result<Identity, TokenRefusal>> {
  switch (credential.kind) {
    case "none":
      return ok(ANONYMOUS);
    case "password":
      return authenticatePassword(credential, context, circumstances);
  }
}

async function authenticatePassword(
  credential: { readonly name: string; readonly password: Secret },
  context: AuthenticateContext,
  circumstances: Circumstances,
): Promise<Result<Identity, TokenRefusal>> {
  const { accounts, hasher } = context;
  const name = parseName(credential.name);
  const record = name === null ? null : await accounts.findSignIn(name);
  const hash = record?.passwordHash ?? null;
  const password = credential.password.reveal();
  const verified = await hasher.verify(hash, password, circumstances.source);
  if (!verified.ok) return err({ reason: "busy" });
  if (record === null) return err({ reason: "bad-credentials", detail: "unknown-account" });
  if (hash === null) return err({ reason: "bad-credentials", detail: "no-password" });
  if (verified.value === "mismatch") {
    return err({ reason: "bad-credentials", detail: "bad-password" });
  }
  const { account } = record;
  if (!isActive(account, circumstances.now)) {
    const detail = account.isEnabled ? "expired" : "disabled";
    return err({ reason: "bad-credentials", detail });
  }
  if (isTooOld(account, context.passwordMaxAgeDays, circumstances.now)) {
    return err({ reason: "password-too-old" });
  }
  if (verified.value === "match-outdated") await renewHash(account.id, hash, password, context);
  return ok({
    requester: {
      kind: "account",
      id: account.id,
      name: account.name,
      accountKind: account.kind,
      permissions: account.permissions,
      groups: record.groups,
      ceiling: { kind: "none" },
    },
    holder: { account: account.id, credential: `password:${account.credentialVersion}` },
  });
}

function isTooOld(account: Account, maxAgeDays: number, now: EpochSeconds): boolean {
  if (maxAgeDays === 0 || account.passwordChangedAt === null) return false;
  return now - account.passwordChangedAt > maxAgeDays * SECONDS_PER_DAY;
}

/** A better hash is welcome, never needed: a full queue or a read-only store leaves the old one (THREATS B20). */
async function renewHash(
  id: number,
  oldHash: string,
  password: string,
  context: AuthenticateContext,
): Promise<void> {
  const renewed = await context.hasher.hash(password);
  if (!renewed.ok) return;
  try {
    await context.accounts.replaceHash(id, oldHash, renewed.value);
  } catch {
    // NOTE: the sign-in itself is good; the next one tries again.
  }
}
