// What a new account or a change of one writes: its row, and the end of the credentials that must not outlive it.
import { randomInt } from "node:crypto";
import type { Account } from "../../domain/account.js";
import { normalizePermissions } from "../../domain/action.js";
import type { EndReason } from "../../domain/credential.js";
import type { AccountChange, NewAccount } from "../../domain/ports.js";
import type { EpochSeconds } from "../../domain/time.js";
import { CREDENTIAL_KINDS } from "../../domain/credential.js";
import { accountState, type RecordChange } from "./change-log.js";
import { prepareOnce, type Connection } from "./connection.js";
import { endCredentials, findLive, recordEnd } from "./credential-end.js";
import type { AccountRow } from "./rows.js";

/** Random, not counted: a restore takes the store back, but not the counts beside it. */
const UNLOCK_MARKS = 2 ** 48 - 1;

/** Its row, without its groups; answers its id. To be called inside a transaction. */
export function insertAccount(
  connection: Connection,
  account: NewAccount,
  { ownerId, now }: { readonly ownerId: number | null; readonly now: EpochSeconds },
): number {
  const { lastInsertRowid } = prepareOnce(
    connection,
    `INSERT INTO account (name, kind, permissions, email, expires_at, created_at, password_hash, password_changed_at,
         password_origin, is_password_stated, owner_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    account.name,
    account.kind,
    normalizePermissions(account.permissions).join(","),
    account.email,
    account.expiresAt,
    now,
    account.passwordHash,
    account.passwordHash === null ? null : now,
    account.passwordOrigin ?? null,
    Number(account.passwordOrigin !== undefined),
    ownerId,
  );
  return Number(lastInsertRowid);
}

export interface RowChange {
  readonly row: AccountRow;
  readonly change: AccountChange;
  /** As it is to be. */
  readonly ownerId: number | null;
  readonly now: EpochSeconds;
}

/** To be called inside a transaction; the version rises with everything that a remembered sign-in must not outlive. */
export function writeChange(
  connection: Connection,
  { row, change, ownerId, now }: RowChange,
): void {
  const permissions =
    change.permissions === undefined
      ? row.permissions
      : normalizePermissions(change.permissions).join(",");
  const next = {
    name: change.name ?? row.name,
    permissions,
    email: change.email === undefined ? row.email : change.email,
    expires_at: change.expiresAt === undefined ? row.expires_at : change.expiresAt,
    is_enabled: change.isEnabled === undefined ? row.is_enabled : Number(change.isEnabled),
    password_hash: change.passwordHash ?? row.password_hash,
    password_changed_at: change.passwordHash === undefined ? row.password_changed_at : now,
    password_origin: change.passwordOrigin ?? row.password_origin,
    is_password_stated:
      change.passwordHash === undefined
        ? row.is_password_stated
        : Number(change.passwordOrigin !== undefined),
    owner_id: ownerId,
    unlock_mark: change.unlocks === true ? randomInt(1, UNLOCK_MARKS) : row.unlock_mark,
  };
  const isCredentialTouched =
    next.name !== row.name ||
    next.permissions !== row.permissions ||
    next.expires_at !== row.expires_at ||
    next.is_enabled !== row.is_enabled ||
    change.passwordHash !== undefined;
  prepareOnce(
    connection,
    `UPDATE account SET name = @name, permissions = @permissions, email = @email, expires_at = @expires_at,
         is_enabled = @is_enabled, password_hash = @password_hash, password_changed_at = @password_changed_at,
         password_origin = @password_origin, is_password_stated = @is_password_stated, owner_id = @owner_id, unlock_mark = @unlock_mark,
         credential_version = credential_version + @rise WHERE id = @id`,
  ).run({ ...next, rise: Number(isCredentialTouched), id: row.id });
}

export interface LoginEnding {
  readonly before: Account;
  readonly change: AccountChange;
  readonly now: EpochSeconds;
}

/**
 * A new password ends what was made with the old one, and the personal tokens too (THREATS E04) unless they are to stay;
 * disabling ends the logins, and so did an end of the account that is moved only after it had come. To be called inside
 * the transaction of the change.
 */
export function endLogins(
  connection: Connection,
  record: RecordChange,
  { before, change, now }: LoginEnding,
): void {
  const reason = findReason(before, change, now);
  if (reason === null) return;
  const withTokens = reason === "password-changed" && change.keepsTokens !== true;
  const kinds = withTokens ? (["refresh", "token"] as const) : (["refresh"] as const);
  const credentials = findLive(connection, before.id, kinds);
  endCredentials(connection, record, { credentials, reason, now });
}

function findReason(before: Account, change: AccountChange, now: EpochSeconds): EndReason | null {
  if (change.passwordHash !== undefined) return "password-changed";
  if (change.isEnabled === false) return "account-disabled";
  const hadEnded = before.expiresAt !== null && before.expiresAt <= now;
  return hadEnded ? "account-ended" : null;
}

/**
 * What goes with an account that is removed, for the audit: its live credentials, and the owner of its robots. To be
 * called inside the transaction, before the row goes and takes them along.
 */
export function recordLosses(
  connection: Connection,
  record: RecordChange,
  { account, robots }: { readonly account: Account; readonly robots: readonly Account[] },
): void {
  for (const credential of findLive(connection, account.id, CREDENTIAL_KINDS)) {
    recordEnd(record, credential, "account-removed");
  }
  for (const robot of robots) {
    record({
      verb: "account.update",
      names: [{ kind: "account", name: robot.name }],
      before: accountState(robot, account.name),
      after: accountState(robot, null),
    });
  }
}
