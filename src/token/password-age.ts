// Whether a password has to be changed first, where an operator wants passwords to age.
import type { Account } from "../domain/account.js";
import type { EpochSeconds } from "../domain/time.js";

const SECONDS_PER_DAY = 86_400;

/** `maxAgeDays` 0: passwords never age; accounts without a password have none that could. */
export function isPasswordTooOld(account: Account, maxAgeDays: number, now: EpochSeconds): boolean {
  if (maxAgeDays === 0 || account.passwordChangedAt === null) return false;
  return now - account.passwordChangedAt > maxAgeDays * SECONDS_PER_DAY;
}
