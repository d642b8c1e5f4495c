// What an account can prove itself with, and what hangs on what: logins on the password, personal tokens, secrets, robots.
import type { Account } from "../domain/account.js";
import { StoreUnavailable } from "../domain/ports.js";
import { ok, type Result } from "../domain/result.js";
import type { EpochSeconds } from "../domain/time.js";
import type { AdminContext } from "./admin-context.js";
import { listCredentials, type SeenCredential } from "./credential-listing.js";
import type { Refusal } from "./refusal.js";

/** The newest so many sums are searched for the password's last use. */
const SUMS_MAX = 1000;

export interface AccountTree {
  /** Null: the account has none. */
  readonly password: {
    readonly setAt: EpochSeconds;
    /** As far as the audit knows it; null: it does not. */
    readonly lastUsedAt: EpochSeconds | null;
  } | null;
  /** They end with the password. */
  readonly logins: readonly SeenCredential[];
  readonly tokens: readonly SeenCredential[];
  readonly secrets: readonly SeenCredential[];
  readonly owner: string | null;
  /** Owned by it, sorted by name. */
  readonly robots: readonly OwnedRobot[];
}

export interface OwnedRobot {
  readonly account: Account;
  readonly secrets: readonly SeenCredential[];
}

/** Live credentials alone. */
export async function readTree(
  account: Account,
  context: AdminContext,
): Promise<Result<AccountTree, Refusal>> {
  const { accounts } = context.store;
  const listed = await listCredentials({ account: account.name, withEnded: false }, context);
  if (!listed.ok) return listed;
  const ofKind = (kind: SeenCredential["kind"]): readonly SeenCredential[] =>
    listed.value.filter((credential) => credential.kind === kind);
  const setAt = account.passwordChangedAt;
  const lastUsedAt = setAt === null ? null : await findPasswordUse(account, context);
  const robots = await readOwned(account, context);
  if (!robots.ok) return robots;
  const owner = account.ownerId === null ? null : await accounts.findById(account.ownerId);
  return ok({
    password: setAt === null ? null : { setAt, lastUsedAt },
    logins: ofKind("refresh"),
    tokens: ofKind("token"),
    secrets: ofKind("secret"),
    owner: owner?.name ?? null,
    robots: robots.value,
  });
}

async function readOwned(
  { id }: Account,
  context: AdminContext,
): Promise<Result<readonly OwnedRobot[], Refusal>> {
  const robots = await context.store.accounts.robotsOf(id);
  if (robots.length === 0) return ok([]);
  const listed = await listCredentials({ account: null, withEnded: false }, context);
  if (!listed.ok) return listed;
  const secretsOf = (robot: Account): readonly SeenCredential[] =>
    listed.value.filter(({ accountId, kind }) => accountId === robot.id && kind === "secret");
  return ok(robots.map((robot) => ({ account: robot, secrets: secretsOf(robot) })));
}

/** What is on record may be unreadable: that takes nothing from the rest. */
async function findPasswordUse(
  { id, name }: Account,
  { activity }: AdminContext,
): Promise<EpochSeconds | null> {
  const filter = {
    account: name,
    image: null,
    service: null,
    since: null,
    until: null,
    limit: SUMS_MAX,
  };
  try {
    const uses = await activity.listTokens(filter);
    const own = uses.filter(
      ({ accountId, credential }) => accountId === id && credential.startsWith("password"),
    );
    return own.reduce<EpochSeconds | null>((last, { lastAt }) => Math.max(last ?? 0, lastAt), null);
  } catch (error) {
    if (error instanceof StoreUnavailable) return null;
    throw error;
  }
}
