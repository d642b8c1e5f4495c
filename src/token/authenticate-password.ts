// Passwords: one slow hash whatever the name and the password are, and the same refusal.
import { isActive, parseName } from "../domain/account.js";
import type { AccountStore } from "../domain/ports.js";
import { NO_CEILING } from "../domain/requester.js";
import { err, ok, type Result } from "../domain/result.js";
import type { Secret } from "../domain/secret.js";
import { identify, type Circumstances, type Identity } from "./authenticate.js";
import { tryPassword, type GuardContext } from "./guard-password.js";
import { isPasswordTooOld } from "./password-age.js";
import type { TokenRefusal } from "./token-answer.js";

export interface PasswordContext extends GuardContext {
  readonly accounts: AccountStore;
  /** 0: passwords never age. */
  readonly passwordMaxAgeDays: number;
}

/** Answers who the password proves; `throttled` or `busy` where it was not looked at. Throws StoreUnavailable. */
export async function authenticatePassword(
  credential: { readonly name: string; readonly password: Secret },
  context: PasswordContext,
  circumstances: Circumstances,
): Promise<Result<Identity, TokenRefusal>> {
  const name = parseName(credential.name);
  const record = name === null ? null : await context.accounts.findSignIn(name);
  const hash = record?.passwordHash ?? null;
  const password = credential.password.reveal();
  const verified = await tryPassword(
    { name: name ?? credential.name, isName: name !== null, record, password },
    context,
    circumstances,
  );
  if (!verified.ok) return verified;
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
  if (isPasswordTooOld(account, context.passwordMaxAgeDays, circumstances.now)) {
    return err({ reason: "password-too-old" });
  }
  if (verified.value === "match-outdated") await renewHash(account.id, hash, password, context);
  return ok(
    identify(record, "password", {
      credential: `password:${account.credentialVersion}`,
      ceiling: NO_CEILING,
    }),
  );
}

/** A better hash is welcome, never needed: a full queue or a read-only store leaves the old one (THREATS B20). */
async function renewHash(
  id: number,
  oldHash: string,
  password: string,
  context: PasswordContext,
): Promise<void> {
  const renewed = await context.hasher.hash(password);
  if (!renewed.ok) return;
  try {
    await context.accounts.replaceHash(id, oldHash, renewed.value);
  } catch (error) {
    context.guard.notRenewed(error);
  }
}
