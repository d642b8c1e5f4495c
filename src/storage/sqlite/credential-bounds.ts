// How many logins and secrets an account may have: what goes for a new one, inside a transaction that is under way.
import {
  REFRESH_TOKENS_MAX,
  ROBOT_SECRETS_MAX,
  type Credential,
  type ListedCredential,
  type NewCredential,
} from "../../domain/credential.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";
import { LISTED, readListed, type ListedRow } from "./credential-rows.js";

/** What goes for the new one, which stays itself. A robot's oldest secret goes: pipelines were given the newer one last. */
export function findSurplus(
  connection: Connection,
  added: Credential,
  now: EpochSeconds,
): readonly ListedCredential[] {
  if (added.kind === "token") return [];
  const isLogin = added.kind === "refresh";
  const max = isLogin ? REFRESH_TOKENS_MAX : ROBOT_SECRETS_MAX;
  const order = isLogin ? "coalesce(c.used_at, c.created_at) DESC, c.id DESC" : "c.id DESC";
  return connection
    .prepare<[number, string, number, number, number], ListedRow>(
      `${LISTED} WHERE c.account_id = ? AND c.kind = ? AND c.ended_at IS NULL AND c.id <> ?
       ORDER BY coalesce(c.expires_at <= ?, 0), ${order} LIMIT -1 OFFSET ?`,
    )
    .all(added.accountId, added.kind, added.id, now, max - 1)
    .map(readListed);
}

/** A secret that would go and must not: it works, and whoever adds another one did not know of it. */
export function findKept(
  surplus: readonly ListedCredential[],
  { kind, mayEnd = [] }: NewCredential,
  now: EpochSeconds,
): ListedCredential | null {
  if (kind !== "secret") return null;
  const isLive = ({ expiresAt }: ListedCredential): boolean =>
    expiresAt === null || now < expiresAt;
  return surplus.find((one) => isLive(one) && !mayEnd.includes(one.id)) ?? null;
}
