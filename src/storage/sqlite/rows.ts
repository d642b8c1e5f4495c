// Rows as SQLite gives them, and the domain's values made of them.
import type { Account, Group } from "../../domain/account.js";
import { isAction, isPermission, type Action, type Permission } from "../../domain/action.js";
import type { Grant, Image, Subject } from "../../domain/image.js";

export interface AccountRow {
  readonly id: number;
  readonly name: string;
  readonly kind: string;
  readonly permissions: string;
  readonly email: string | null;
  readonly is_enabled: number;
  readonly expires_at: number | null;
  readonly created_at: number;
  readonly password_hash: string | null;
  readonly password_changed_at: number | null;
  readonly password_origin: string | null;
  readonly is_password_stated: number;
  readonly credential_version: number;
  readonly owner_id: number | null;
  readonly unlock_mark: number;
}

export interface GroupRow {
  readonly id: number;
  readonly name: string;
  readonly created_at: number;
}

export interface ImageRow {
  readonly id: number;
  readonly repository: string;
  readonly tag: string;
  readonly service: string;
  readonly is_exclusive: number;
  readonly is_immutable: number;
  readonly digest: string | null;
  readonly size: number | null;
  readonly created: string | null;
  readonly description: string | null;
  readonly registered_at: number;
}

export interface GrantRow {
  readonly image_id: number;
  readonly subject: string;
  readonly account_id: number | null;
  readonly group_id: number | null;
  /** Of the account or group, by a join. */
  readonly name: string | null;
  readonly actions: string;
  readonly expires_at: number | null;
  readonly created_at: number;
}

const split = (words: string): string[] => (words === "" ? [] : words.split(","));

export function readActions(words: string): readonly Action[] {
  return split(words).filter(isAction);
}

export function readPermissions(words: string): readonly Permission[] {
  return split(words).filter(isPermission);
}

export function readAccount(row: AccountRow): Account {
  return {
    id: row.id,
    name: row.name,
    kind: row.kind === "robot" ? "robot" : "user",
    permissions: readPermissions(row.permissions),
    email: row.email,
    isEnabled: row.is_enabled === 1,
    expiresAt: row.expires_at,
    createdAt: row.created_at,
    passwordChangedAt: row.password_changed_at,
    credentialVersion: row.credential_version,
    ownerId: row.owner_id,
    unlockMark: row.unlock_mark,
  };
}

export function readGroup(row: GroupRow): Group {
  return { id: row.id, name: row.name, createdAt: row.created_at };
}

export function readImage(row: ImageRow): Image {
  return {
    id: row.id,
    pattern: {
      service: row.service === "" ? null : row.service,
      repository: row.repository,
      tag: row.tag === "" ? null : row.tag,
    },
    isExclusive: row.is_exclusive === 1,
    isImmutable: row.is_immutable === 1,
    digest: row.digest,
    size: row.size,
    created: row.created,
    description: row.description,
    registeredAt: row.registered_at,
  };
}

function readSubject(row: GrantRow): Subject {
  if (row.account_id !== null) {
    return { kind: "account", id: row.account_id, name: row.name ?? "" };
  }
  if (row.group_id !== null) return { kind: "group", id: row.group_id, name: row.name ?? "" };
  return { kind: row.subject === "@anonymous" ? "anonymous" : "authenticated" };
}

export function readGrant(row: GrantRow): Grant {
  return {
    subject: readSubject(row),
    actions: readActions(row.actions),
    expiresAt: row.expires_at,
    createdAt: row.created_at,
  };
}
