// What `dockwarden robot add | rotate | list | update` do.
import { watchAccounts } from "../admin/account-effect.js";
import { askForKind, findOfKind } from "../admin/account-kind.js";
import { formatUse, listCredentials, type SeenCredential } from "../admin/credential-listing.js";
import { findRecordFault } from "../admin/records.js";
import { addRobot, rotateRobot } from "../admin/robot-admin.js";
import { parseCredentialEnd, parseWhen } from "../admin/when.js";
import type { AccountChange } from "../domain/ports.js";
import type { EpochSeconds } from "../domain/time.js";
import { reportAccount } from "./account-act.js";
import { CliExit, orExit, orRefusal } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import { readOutput, type OutputOptions } from "./robot-secret.js";
import type { Session } from "./session.js";
import { describeState, toPublic } from "./user-listing.js";
import { splitWords, toName, toPermissions } from "./words.js";

export interface AddOptions extends OutputOptions {
  readonly permissions: string;
  readonly owner?: string;
  readonly groups?: string;
  readonly email?: string;
  readonly expires?: string;
}

export interface RotateOptions extends OutputOptions {
  readonly yes?: boolean;
}

export interface UpdateOptions {
  readonly permissions?: string;
  /** False by `--no-owner`. */
  readonly owner?: string | false;
  readonly email?: string;
  readonly expires?: string;
}

/** `robot add`. */
export async function addOne(session: Session, word: string, options: AddOptions): Promise<void> {
  const name = toName(word);
  const prepare = readOutput(session, options);
  await session.withAdmin(async (context) => {
    const show = prepare(context);
    const { permissions, owner, groups, email, expires } = options;
    const now = context.clock.now();
    const order = {
      name,
      permissions: toPermissions(permissions),
      owner: owner === undefined ? null : toName(owner),
      groups: splitWords(groups ?? "").map(toName),
      email: email ?? null,
      expiresAt: expires === undefined ? null : orExit(parseWhen(expires, now)),
      secretExpiresAt: parseSecretEnd(options, now),
    };
    const made = orExit(await addRobot(order, context));
    const { account } = made;
    const line = `robot ${name} added; permissions: ${account.permissions.join(", ") || "none"}`;
    const ends = account.expiresAt === null ? [] : [`ends ${formatEnd(account.expiresAt)}`];
    await show(made, [line, ...ends]);
  });
}

/** `robot rotate`. */
export async function rotateOne(
  session: Session,
  word: string,
  options: RotateOptions,
): Promise<void> {
  const name = toName(word);
  const prepare = readOutput(session, options);
  await session.withAdmin(async (context) => {
    const show = prepare(context);
    const order = {
      name,
      secretExpiresAt: parseSecretEnd(options, context.clock.now()),
      isAnyway: options.yes === true,
    };
    const made = orExit(await rotateRobot(order, context));
    await show(made, [`robot ${name} has another secret`]);
  });
}

function parseSecretEnd(
  { secretExpires }: OutputOptions,
  now: EpochSeconds,
): EpochSeconds | null | undefined {
  return secretExpires === undefined ? undefined : orExit(parseCredentialEnd(secretExpires, now));
}

/** `robot update`. */
export async function updateOne(
  session: Session,
  word: string,
  { permissions, owner, email, expires }: UpdateOptions,
): Promise<void> {
  const name = toName(word);
  const fault = email === undefined ? null : findRecordFault("email", email);
  if (fault !== null) orExit<never>(fault);
  await session.withAdmin(async (context) => {
    const now = context.clock.now();
    const change: AccountChange = {
      ...(permissions === undefined ? {} : { permissions: toPermissions(permissions) }),
      ...(owner === undefined ? {} : { owner: owner === false ? null : toName(owner) }),
      ...(email === undefined ? {} : { email: email === "" ? null : email }),
      ...(expires === undefined ? {} : { expiresAt: orExit(parseWhen(expires, now)) }),
    };
    if (Object.keys(change).length === 0) {
      throw new CliExit(
        2,
        "nothing to change: give --permissions, --owner, --no-owner, --email or --expires",
      );
    }
    const before = orExit(await findOfKind(askForKind(name, "robot", "update"), context));
    const tell = await watchAccounts([name], [], context);
    const account = orRefusal(await context.store.accounts.update(name, change, now));
    const { ownerId } = account;
    const ownerName = ownerId === null ? null : await context.store.accounts.findById(ownerId);
    const isSame = JSON.stringify(account) === JSON.stringify(before);
    const line = `${isSame ? "unchanged: " : ""}${name}: permissions ${account.permissions.join(", ") || "none"}; owner ${ownerName?.name ?? "none"}; ends ${formatEnd(account.expiresAt)}`;
    reportAccount(session, account, line, permissions === undefined ? [] : await tell());
  });
}

/** `robot list`. */
export async function listRobots(
  session: Session,
  options: { readonly owner?: string },
): Promise<void> {
  const owner = options.owner === undefined ? null : toName(options.owner);
  await session.withAdmin(async (context) => {
    const { store, clock } = context;
    const found = await store.accounts.search({ kind: "robot" });
    const names = new Map<number, string>();
    for (const id of new Set(found.map(({ account }) => account.ownerId))) {
      const holder = id === null ? null : await store.accounts.findById(id);
      if (holder !== null) names.set(holder.id, holder.name);
    }
    const nameOf = (id: number | null): string | null =>
      id === null ? null : (names.get(id) ?? null);
    if (owner !== null && (await store.accounts.find(owner)) === null) {
      orRefusal<never>({ ok: false, error: { reason: "unknown-account", name: owner } });
    }
    const records = found.filter(
      ({ account }) => owner === null || nameOf(account.ownerId) === owner,
    );
    const credentials = orExit(await listCredentials({ account: null, withEnded: false }, context));
    const robots = records.map(({ account, groups }) => ({
      account,
      groups: groups.map(({ name }) => name),
      owner: nameOf(account.ownerId),
      secrets: credentials.filter(({ accountId }) => accountId === account.id),
    }));
    const rows = robots.map(({ account, groups, owner: holder, secrets }) => [
      account.name,
      holder ?? "",
      account.permissions.join(", ") || "none",
      describeState(account, clock.now()),
      formatEnd(account.expiresAt),
      groups.join(", "),
      secrets.map(describeSecret).join(", ") || "none",
      formatUse(findLastUse(secrets)),
    ]);
    const head = ["name", "owner", "permissions", "state", "ends", "groups", "secrets", "last use"];
    const data = robots.map((robot) => ({
      ...toPublic(robot.account),
      groups: robot.groups,
      owner: robot.owner,
      secrets: robot.secrets.map(({ id }) => id),
    }));
    session.answer(data, () => formatTable(head, rows));
  });
}

const describeSecret = ({ id, endsAt, isUnconfirmed }: SeenCredential): string =>
  isUnconfirmed
    ? `${id} waits for dockwarden token confirm ${id}`
    : `${id} until ${formatEnd(endsAt)}`;

function findLastUse(secrets: readonly SeenCredential[]): SeenCredential["lastUse"] {
  return secrets
    .map(({ lastUse }) => lastUse)
    .reduce((last, use) => ((use?.at ?? 0) > (last?.at ?? 0) ? use : last), null);
}
