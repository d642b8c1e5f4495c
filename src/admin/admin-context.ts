// What the use cases work on; given in whole by app.ts. No use case reaches past it.
import type { Account } from "../domain/account.js";
import type { ActivityLog } from "../domain/activity.js";
import type { CredentialSecrets, RefreshLife } from "../domain/credential.js";
import type { Clock } from "../domain/time.js";
import type { PolicySettings } from "../domain/decision.js";
import type { GuessLock } from "../domain/throttle.js";
import type { Store } from "../domain/ports.js";
import type { LedgerListing } from "../domain/ledger-listing.js";
import type { PasswordHasher, PasswordRules } from "../domain/password.js";

/** Settings that the use cases need, out of the configuration. */
export interface AdminSettings {
  /** `token.services`, never empty; the first is the default of `access check`. */
  readonly services: readonly string[];
  /** Those of which `registry.urls` has an address. */
  readonly reachedServices: readonly string[];
  /** Hosts whose prefix is cut off an IMAGE: `localhost` (any port) or `localhost:5000`. */
  readonly registryHosts: readonly string[];
  /** HOST or HOST:PORT as clients write it before an image's name; null: unknown. */
  readonly registryAddress: string | null;
  readonly policy: PolicySettings;
  /** 0: passwords never age. */
  readonly passwordMaxAgeDays: number;
  readonly refreshLife: RefreshLife;
}

export interface AdminContext {
  readonly store: Store;
  /** Opened by the first question; throws StoreUnavailable where the file can't be used. */
  readonly activity: ActivityLog;
  /** What registries hold; opened by the first question, empty where nothing has been learnt of them. */
  readonly ledger: LedgerListing;
  readonly hasher: PasswordHasher;
  readonly passwordRules: PasswordRules;
  /** Makes the secrets of personal tokens and robots. */
  readonly secrets: CredentialSecrets;
  /** Null: wrong passwords have not locked it, or the file that counts them is not there. */
  readonly findLock: (account: Account) => Promise<GuessLock | null>;
  readonly clock: Clock;
  readonly settings: AdminSettings;
}

/** What deciding and planning need of it: a store in memory does. */
export type PolicyContext = Pick<AdminContext, "store" | "clock" | "settings">;
