// When rights were last used, as far as tokens are on record, and which were not for long.
import { matchesRepository } from "../domain/image-pattern.js";
import { StoreUnavailable } from "../domain/ports.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import type { HeldGrant, Review } from "./review.js";

/** Answers null where nothing is on record. */
export interface UseIndex {
  readonly beginsAt: EpochSeconds | null;
  ofAccount(accountId: number): EpochSeconds | null;
  /** The last token for an image that the pattern names, of any of the accounts. */
  ofGrant(accountIds: readonly number[], patternRepository: string): EpochSeconds | null;
}

/** When an account was last given a token. What is on record may be unreadable: that takes nothing from the policy. */
export async function findLastUse(
  accountId: number,
  { activity }: AdminContext,
): Promise<{ readonly at: EpochSeconds | null; readonly words: string }> {
  try {
    const at = await activity.lastUseOf(accountId);
    if (at !== null) return { at, words: formatTime(at) };
    const begins = await activity.beginsAt();
    return { at, words: begins === null ? "none on record" : `none since ${formatTime(begins)}` };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return { at: null, words: `unknown: ${error.message}` };
  }
}

/** For a review that can do without: nothing is known of any use. */
export const NO_USES: UseIndex = {
  beginsAt: null,
  ofAccount: () => null,
  ofGrant: () => null,
};

/** Reads everything once. Throws StoreUnavailable. */
export async function readUses({ activity }: AdminContext): Promise<UseIndex> {
  const accounts = await activity.lastUses();
  const images = new Map<number, { readonly image: string; readonly lastAt: EpochSeconds }[]>();
  /** Each name once, however many accounts used it. */
  const names = new Map<string, string>();
  await activity.visitImageUses(({ accountId, image, lastAt }) => {
    const name = names.get(image) ?? image;
    names.set(name, name);
    const earlier = images.get(accountId);
    if (earlier === undefined) images.set(accountId, [{ image: name, lastAt }]);
    else earlier.push({ image: name, lastAt });
  });
  return {
    beginsAt: await activity.beginsAt(),
    ofAccount: (id) => accounts.get(id) ?? null,
    ofGrant: (ids, repository) => {
      let last: EpochSeconds | null = null;
      for (const { image, lastAt } of ids.flatMap((id) => images.get(id) ?? [])) {
        if (!matchesRepository(repository, image)) continue;
        if (last === null || lastAt > last) last = lastAt;
      }
      return last;
    },
  };
}

export interface UnusedAccount {
  readonly name: string;
  readonly lastUsedAt: EpochSeconds | null;
  /** To disable it would leave nobody who can let others in. */
  readonly isLastAdmin: boolean;
}

export interface UnusedRights {
  readonly cutoff: EpochSeconds;
  readonly beginsAt: EpochSeconds | null;
  /** Enabled accounts that were there at the cutoff and were given no token since. */
  readonly accounts: readonly UnusedAccount[];
  /** Grants made before the cutoff and not used since, of accounts that are in use, and of groups. */
  readonly grants: readonly { readonly subject: string; readonly grant: HeldGrant }[];
}

/** What of a review was not used since the cutoff. */
export function findUnused(
  review: Review,
  cutoff: EpochSeconds,
  beginsAt: EpochSeconds | null,
): UnusedRights {
  const isUnused = (at: EpochSeconds | null): boolean => at === null || at < cutoff;
  const accounts = review.accounts.filter(
    ({ account, state, lastUsedAt }) =>
      state === "enabled" && account.createdAt <= cutoff && isUnused(lastUsedAt),
  );
  const unused = new Set(accounts.map(({ account }) => account.name));
  const subjects = [
    ...review.accounts
      .filter(({ account, state }) => state === "enabled" && !unused.has(account.name))
      .map(({ account, grants }) => ({ subject: account.name, grants })),
    ...review.groups.map(({ name, grants }) => ({ subject: `group:${name}`, grants })),
  ];
  const grants = subjects.flatMap(({ subject, grants: held }) =>
    held
      .filter(({ lastUsedAt, grantedAt }) => grantedAt <= cutoff && isUnused(lastUsedAt))
      .map((grant) => ({ subject, grant })),
  );
  return {
    cutoff,
    beginsAt,
    accounts: accounts.map(({ account: { name }, lastUsedAt }) => ({
      name,
      lastUsedAt,
      isLastAdmin: name === review.lastAdmin,
    })),
    grants,
  };
}
