// Which admin has to stay, of those that a review knows; the rule itself is kept by the store, inside each change.
import type { ReviewedAccount } from "./review.js";

/** A way back in that does not end by itself. */
export const isLastingAdmin = ({ isAdmin, state, account }: ReviewedAccount): boolean =>
  isAdmin && state === "enabled" && account.kind === "user" && account.expiresAt === null;

/** The one of these who was used last, the first by name where none was: whoever else goes, somebody is left. Null: nobody is one. */
export function findLastAdmin(accounts: readonly ReviewedAccount[]): string | null {
  const lasting = accounts.filter(isLastingAdmin);
  const newest = Math.max(...lasting.map(({ lastUsedAt }) => lastUsedAt ?? 0));
  const last = lasting.find(({ lastUsedAt }) => (lastUsedAt ?? 0) === newest);
  return last?.account.name ?? null;
}
