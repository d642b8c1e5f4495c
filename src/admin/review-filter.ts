// Part of a review: one account with the groups that it is in, or one group with its members.
import type { Review } from "./review.js";

/** Names; null: any. One that nobody has leaves nothing. */
export interface ReviewFilter {
  readonly account: string | null;
  readonly group: string | null;
}

/**
 * Accounts and groups that fit, with what everybody has. Findings and the admins are about the whole: findings are left
 * out of a part, admins stay.
 */
export function narrowReview(review: Review, { account, group }: ReviewFilter): Review {
  if (account === null && group === null) return review;
  const accounts = review.accounts.filter(
    (entry) =>
      (account === null || entry.account.name === account) &&
      (group === null || entry.groups.includes(group)),
  );
  const groups = review.groups.filter(
    ({ name, members }) =>
      (group === null || name === group) && (account === null || members.includes(account)),
  );
  return { ...review, accounts, groups, findings: null };
}
