// `dockwarden user list | show`: looking at accounts.
import { askForKind, findOfKind } from "../admin/account-kind.js";
import { readTree } from "../admin/account-tree.js";
import { findNamedGuises } from "../admin/guises.js";
import type { AdminContext } from "../admin/admin-context.js";
import { findLastUse } from "../admin/review-use.js";
import { parseWhen } from "../admin/when.js";
import type { Account } from "../domain/account.js";
import { formatSubject, type Subject } from "../domain/image.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import type { AccountFilter } from "../domain/listing.js";
import { isLimitedTo72Bytes } from "../domain/password.js";
import type { GuessLock } from "../domain/throttle.js";
import type { EpochSeconds } from "../domain/time.js";
import { toPublicTree, toTreeRows } from "./account-tree.js";
import { CliExit, orExit, orRefusal } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";
import { toName, toPermission } from "./words.js";

const SOON_SECONDS = 30 * 86_400;

export interface UserListOptions {
  readonly group?: string;
  readonly permission?: string;
  readonly disabled?: boolean;
  readonly endsWithin?: string;
}

/** What scripts see of an account; never a hash. */
export function toPublic(account: Account): Record<string, unknown> {
  return {
    name: account.name,
    kind: account.kind,
    permissions: account.permissions,
    email: account.email,
    enabled: account.isEnabled,
    expires: account.expiresAt === null ? null : formatEnd(account.expiresAt),
    created: formatEnd(account.createdAt),
  };
}

/** `enabled`, `disabled` or `ended`. */
export function describeState(account: Account, now: EpochSeconds): string {
  if (!account.isEnabled) return "disabled";
  return account.expiresAt !== null && account.expiresAt <= now ? "ended" : "enabled";
}

/** The accounts asked for, as a table or JSON. */
export async function listUsers(session: Session, options: UserListOptions): Promise<void> {
  await session.withAdmin(async (context) => {
    const now = context.clock.now();
    const records = await context.store.accounts.search(await readFilter(options, context));
    const rows = records.map(({ account, groups }) => [
      account.name,
      account.kind,
      account.permissions.includes("admin")
        ? "admin (all)"
        : account.permissions.join(", ") || "none",
      describeState(account, now),
      formatEnd(account.expiresAt),
      groups.map(({ name }) => name).join(", "),
      account.email ?? "",
    ]);
    const head = ["name", "kind", "permissions", "state", "ends", "groups", "email"];
    const data = records.map(({ account, groups }) => ({
      ...toPublic(account),
      groups: groups.map(({ name }) => name),
    }));
    session.answer(data, () => formatTable(head, rows));
  });
}

async function readFilter(
  options: UserListOptions,
  { store, clock }: AdminContext,
): Promise<AccountFilter> {
  const { permission, endsWithin } = options;
  const group = options.group === undefined ? undefined : toName(options.group);
  if (group !== undefined && (await store.groups.find(group)) === null) {
    orRefusal<never>({ ok: false, error: { reason: "unknown-group", name: group } });
  }
  const now = clock.now();
  const end = endsWithin === undefined ? undefined : orExit(parseWhen(endsWithin, now));
  if (end === null) throw new CliExit(2, "--ends-within takes an end such as 30d or 2027-01-31");
  return {
    ...(group === undefined ? {} : { group }),
    ...(permission === undefined ? {} : { permission: toPermission(permission) }),
    ...(options.disabled === true ? { isEnabled: false } : {}),
    ...(end === undefined ? {} : { endsBetween: [now, end] as const }),
  };
}

interface HeldGrant {
  readonly image: string;
  readonly service: string | null;
  readonly actions: readonly string[];
  /** `alice` or `group:ml`. */
  readonly by: string;
  readonly expiresAt: EpochSeconds | null;
}

/**
 * One account with its groups, the grants to it and to them, what it can prove itself with, and what ends within 30 days;
 * exit 1 where there is none. `robot show` is for robots alone; `user show` takes both.
 */
export async function showAccount(session: Session, name: string, isRobot = false): Promise<void> {
  await session.withAdmin(async (context) => {
    const { store, clock } = context;
    if (isRobot) orExit(await findOfKind(askForKind(name, "robot", "show"), context));
    const account = await store.accounts.find(name);
    if (account === null)
      return void orRefusal<never>({ ok: false, error: { reason: "unknown-account", name } });
    const tree = orExit(await readTree(account, context));
    const now = clock.now();
    const groups = (await store.accounts.groupsOf(account.id)).map((group) => group.name);
    const held: HeldGrant[] = [];
    for (const guise of orExit(await findNamedGuises({ kind: "account", name }, context)))
      held.push(...(await listHeld(guise, context)));
    const endsSoon = describeEnds(account, held, now);
    const lastUse = await findLastUse(account.id, context);
    const lock = await context.findLock(account);
    const hash = await findHashKind(name, context);
    const rows = [
      ["name", name],
      ["kind", account.kind],
      ["permissions", account.permissions.join(", ") || "none"],
      ["state", describeState(account, now)],
      ...(hash === "bcrypt" ? [["password", IMPORTED_PASSWORD]] : []),
      ...(lock === null ? [] : [["wrong passwords", describeLock(lock, name)]]),
      ["ends", formatEnd(account.expiresAt)],
      ["email", account.email ?? ""],
      ["groups", groups.join(", ") || "none"],
      ["last sign-in", lastUse.words],
      ...toTreeRows(account, tree),
      ...held.map((grant) => [
        grant.by === name ? "grant" : `grant to ${grant.by}`,
        `${grant.image}${grant.service === null ? "" : ` on ${grant.service}`}: ${grant.actions.join(", ")}${grant.expiresAt === null ? "" : ` until ${formatEnd(grant.expiresAt)}`}`,
      ]),
      ...endsSoon.map((line) => ["ends soon", line]),
    ];
    const grants = held.map(({ expiresAt, ...grant }) => ({
      ...grant,
      expires: expiresAt === null ? null : formatEnd(expiresAt),
    }));
    const lastSignIn = lastUse.at === null ? null : formatEnd(lastUse.at);
    const credentials = toPublicTree(account, tree);
    const data = {
      ...toPublic(account),
      passwordHash: hash,
      lock: lock === null ? null : { shut: lock.isShut, seconds: lock.seconds },
      groups,
      lastSignIn,
      ...credentials,
      grants,
      endsSoon,
    };
    session.answer(data, formatTable(["what", "value"], rows));
  });
}

const IMPORTED_PASSWORD =
  "imported (bcrypt): only its first 72 bytes count until a good login with a shorter one renews it or a new one is set";

/** What the stored hash is, never the hash; null: there is no password. */
async function findHashKind(
  name: string,
  { store }: AdminContext,
): Promise<"argon2id" | "bcrypt" | null> {
  const passwordHash = (await store.accounts.findSignIn(name))?.passwordHash ?? null;
  if (passwordHash === null) return null;
  return isLimitedTo72Bytes(passwordHash) ? "bcrypt" : "argon2id";
}

async function listHeld(
  subject: Subject,
  { store, clock }: AdminContext,
): Promise<readonly HeldGrant[]> {
  const images = await store.images.listGrantsOf(subject, clock.now());
  return images.flatMap(({ pattern, grants }) =>
    grants.map(({ actions, expiresAt }) => ({
      image: formatImagePattern(pattern),
      service: pattern.service,
      actions,
      by: formatSubject(subject),
      expiresAt,
    })),
  );
}

function describeLock({ isShut, seconds }: GuessLock, name: string): string {
  const how = isShut ? "shut until somebody unlocks it" : `locked for ${seconds} s more`;
  return `${how}, but for addresses that it signed in from: dockwarden user unlock ${name}`;
}

/** The account's own end and those of grants, where they come within 30 days. */
function describeEnds(
  account: Account,
  held: readonly HeldGrant[],
  now: EpochSeconds,
): readonly string[] {
  const isSoon = (end: EpochSeconds | null): end is EpochSeconds =>
    end !== null && end > now && end <= now + SOON_SECONDS;
  const own = isSoon(account.expiresAt) ? [`the account: ${formatEnd(account.expiresAt)}`] : [];
  const grants = held
    .filter(({ expiresAt }) => isSoon(expiresAt))
    .map(({ image, by, expiresAt }) => `${image} (${by}): ${formatEnd(expiresAt)}`);
  return [...own, ...grants];
}
