// Accounts by filter, each with its groups: two reads, however many accounts there are.
import type { NamedId } from "../../domain/account.js";
import type { AccountFilter, AccountRecord } from "../../domain/listing.js";
import type { Connection } from "./connection.js";
import { readAccount, type AccountRow } from "./rows.js";

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The conditions of a filter; what people typed is bound, never part of the text. */
function conditionsOf(filter: AccountFilter): readonly Condition[] {
  const { kind, group, permission, isEnabled, endsBetween } = filter;
  const conditions: Condition[] = [];
  if (kind !== undefined) conditions.push({ sql: "a.kind = ?", values: [kind] });
  if (group !== undefined) {
    const members =
      "SELECT m.account_id FROM group_member m JOIN account_group g ON g.id = m.group_id WHERE g.name = ?";
    conditions.push({ sql: `a.id IN (${members})`, values: [group] });
  }
  if (permission !== undefined) {
    const sql = "instr(',' || a.permissions || ',', ',' || ? || ',') > 0";
    conditions.push({ sql, values: [permission] });
  }
  if (isEnabled !== undefined) {
    conditions.push({ sql: "a.is_enabled = ?", values: [Number(isEnabled)] });
  }
  if (endsBetween !== undefined) {
    conditions.push({ sql: "a.expires_at > ? AND a.expires_at <= ?", values: endsBetween });
  }
  return conditions;
}

/** Sorted by name. */
export function searchAccounts(
  connection: Connection,
  filter: AccountFilter,
): readonly AccountRecord[] {
  const conditions = conditionsOf(filter);
  const where = ["1", ...conditions.map(({ sql }) => sql)].join(" AND ");
  const found = `SELECT a.* FROM account a WHERE ${where} ORDER BY a.name LIMIT ?`;
  const values = [...conditions.flatMap((condition) => condition.values), filter.limit ?? -1];
  const groups = new Map<number, NamedId[]>();
  const memberships = connection
    .prepare<unknown[], NamedId & { readonly account: number }>(
      `SELECT m.account_id AS account, g.id, g.name FROM (${found}) a
       JOIN group_member m ON m.account_id = a.id JOIN account_group g ON g.id = m.group_id
       ORDER BY g.name`,
    )
    .all(...values);
  for (const { account, id, name } of memberships) {
    const earlier = groups.get(account);
    if (earlier === undefined) groups.set(account, [{ id, name }]);
    else earlier.push({ id, name });
  }
  return connection
    .prepare<unknown[], AccountRow>(found)
    .all(...values)
    .map((row) => ({ account: readAccount(row), groups: groups.get(row.id) ?? [] }));
}
