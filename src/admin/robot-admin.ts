// Use cases on robots: accounts for machines, with two secrets at a time so that a rotation shuts nobody out.
import { isActive, type Account } from "../domain/account.js";
import type { Permission } from "../domain/action.js";
import type { CredentialUse, ListedCredential } from "../domain/credential.js";
import { StoreUnavailable } from "../domain/ports.js";
import { ok, type Result } from "../domain/result.js";
import { Secret } from "../domain/secret.js";
import { formatTime, type EpochSeconds } from "../domain/time.js";
import { findOfKind } from "./account-kind.js";
import type { AdminContext } from "./admin-context.js";
import { chooseEnd } from "./credential-life.js";
import { findLive, formatSender, formatUse, see } from "./credential-listing.js";
import { findRecordFault } from "./records.js";
import { describeRefusal, refused, type Refusal } from "./refusal.js";
import { findInactivity } from "./rights.js";
import type { MadeCredential } from "./token-admin.js";

/** A use may be so much newer than what is on record of it. */
const USE_LAG_SECONDS = 120;

export interface RobotOrder {
  readonly name: string;
  readonly permissions: readonly Permission[];
  /** The user who answers for it; null: nobody. */
  readonly owner: string | null;
  readonly groups: readonly string[];
  readonly email: string | null;
  /** The account's own end; null: none. */
  readonly expiresAt: EpochSeconds | null;
  /** The first secret's: undefined: 90 days; null (never) is refused. */
  readonly secretExpiresAt: EpochSeconds | null | undefined;
}

export interface MadeSecret extends MadeCredential {
  readonly account: Account;
}

/** A robot with its first secret; it has no password, and nobody can sign in as it interactively. */
export async function addRobot(
  order: RobotOrder,
  context: AdminContext,
): Promise<Result<MadeSecret, Refusal>> {
  const { secretExpiresAt, email, ...rest } = order;
  const now = context.clock.now();
  const end = chooseEnd(secretExpiresAt, now);
  if (!end.ok) return end;
  const fault = email === null ? null : findRecordFault("email", email);
  if (fault !== null) return fault;
  const robot = { ...rest, email, kind: "robot" as const, passwordHash: null };
  const added = await context.store.accounts.add(robot, now);
  if (!added.ok) return describeRefusal(added.error);
  const account = added.value;
  const warnings = account.permissions.includes("admin")
    ? [`WARNING: ${account.name} is an admin: whoever holds its secret may do everything`]
    : [];
  try {
    const order = { account, expiresAt: end.value, mayEnd: [], describe: () => warnings };
    return await addSecret(order, context);
  } catch (error) {
    const rest = `robot ${account.name} is added and has no secret yet: dockwarden robot rotate ${account.name}`;
    if (!(error instanceof StoreUnavailable)) throw new Error(rest, { cause: error });
    throw new StoreUnavailable(error.reason, `${error.message}; ${rest}`, error);
  }
}

interface SecretOrder {
  readonly account: Account;
  readonly expiresAt: EpochSeconds;
  /** Live secrets that may end for it. */
  readonly mayEnd: readonly number[];
  /** Given the numbers of the secrets that ended by it. */
  readonly describe: (ended: readonly number[]) => readonly string[];
}

async function addSecret(
  { account, expiresAt, mayEnd, describe }: SecretOrder,
  context: AdminContext,
): Promise<Result<MadeSecret, Refusal>> {
  const { secret, digest } = context.secrets.make("secret");
  const added = await context.store.credentials.add(
    {
      account: account.name,
      kind: "secret",
      digest,
      ceiling: { kind: "none" },
      service: null,
      description: null,
      createdFrom: null,
      expiresAt,
      mayEnd,
    },
    context.clock.now(),
  );
  if (!added.ok) return describeRefusal(added.error);
  const { ended } = added.value;
  const credential = see({ ...added.value.credential, account: account.name }, account, context);
  const effects = describe(ended);
  return ok({ account, credential, secret: new Secret(secret), expiresAt, effects });
}

export interface RotationOrder {
  readonly name: string;
  /** Undefined: 90 days; null (never) is refused. */
  readonly secretExpiresAt: EpochSeconds | null | undefined;
  /** End the older of two secrets although it is still used. */
  readonly isAnyway: boolean;
}

/**
 * Adds a second secret; the one before goes on until its end or its revocation. Of two the older ends, which is refused
 * unless it was never used, or the newer one has taken its place. What was looked at is what ends: of two rotations at
 * the same moment the second is refused.
 */
export async function rotateRobot(
  { name, secretExpiresAt, isAnyway }: RotationOrder,
  context: AdminContext,
): Promise<Result<MadeSecret, Refusal>> {
  const end = chooseEnd(secretExpiresAt, context.clock.now());
  if (!end.ok) return end;
  const robot = await findOfKind(
    { name, kind: "robot", instead: `token create ${name}, or user passwd ${name}` },
    context,
  );
  if (!robot.ok) return robot;
  const live = (await findLive(name, context)).filter(({ kind }) => kind === "secret");
  const [older, newer] = live;
  const goesNow = older !== undefined && newer !== undefined ? older : null;
  if (goesNow !== null && newer !== undefined && !isAnyway) {
    const fault = findUseFault(goesNow, newer, context.clock.now());
    if (fault !== null) return refused(fault);
  }
  const mayEnd = goesNow === null ? [] : [goesNow.id];
  const inactivity = describeInactivity(robot.value, context);
  const describe = (ended: readonly number[]): readonly string[] => [
    ...inactivity,
    ...live.flatMap((secret) =>
      ended.includes(secret.id) ? describeEnd(secret) : describeLeft(secret),
    ),
  ];
  return addSecret({ account: robot.value, expiresAt: end.value, mayEnd, describe }, context);
}

function findUseFault(
  older: ListedCredential,
  newer: ListedCredential,
  now: EpochSeconds,
): string | null {
  const { account, lastUse, id } = older;
  const why = lastUse === null ? null : findUseSign(lastUse, newer, now);
  if (lastUse === null || why === null) return null;
  return [
    `${account} has two secrets already, and the older one (${id}) seems to be still used: last at ${formatTime(lastUse.at)} ${formatSender(lastUse)}, ${why}; nothing changed`,
    `give that place the newer secret (${newer.id}), and repeat once it is used; where its output was lost, end it, and repeat: dockwarden token revoke ${newer.id}`,
    `or end the older one whatever it stops: dockwarden robot rotate ${account} --yes (in a program: isAnyway)`,
  ].join("\n");
}

/** What speaks against the end of an older secret that was used last so; null where the newer one took its place. */
function findUseSign(
  { at }: CredentialUse,
  newer: ListedCredential,
  now: EpochSeconds,
): string | null {
  if (newer.lastUse === null) return `and the newer one (${newer.id}) was never used`;
  // NOTE: uses are written behind, constant ones once a minute: what is on record is not the newest.
  if (at >= now - USE_LAG_SECONDS) return "within the last two minutes";
  if (at < newer.lastUse.at) return null;
  return `after the newer one (${newer.id}) was used last (${formatTime(newer.lastUse.at)})`;
}

const describeEnd = ({ id, lastUse }: ListedCredential): readonly string[] => [
  `secret ${id} has ended: refused from the next request on; last used: ${formatUse(lastUse)}`,
];

/** Who must be given the new secret before the old one ends. */
function describeLeft(old: ListedCredential): readonly string[] {
  const end = old.expiresAt === null ? "" : ` until ${formatTime(old.expiresAt)}`;
  const state = old.isUnconfirmed
    ? `waits for dockwarden token confirm ${old.id}: it is from before a restore`
    : `goes on${end}`;
  return [
    `secret ${old.id} ${state}; last used: ${formatUse(old.lastUse)}`,
    `when nobody uses it any more: dockwarden token revoke ${old.id}`,
  ];
}

function describeInactivity(account: Account, context: AdminContext): readonly string[] {
  if (isActive(account, context.clock.now())) return [];
  const found = findInactivity(account, context);
  return found === null
    ? []
    : [`NOTE: ${found.message}, whatever its secret; to change that: ${found.command}`];
}
