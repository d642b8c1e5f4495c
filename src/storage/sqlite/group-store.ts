// Groups and their members in SQLite.
import type { Group, NamedId } from "../../domain/account.js";
import type { GroupRefusal, GroupStore } from "../../domain/ports.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import { run, write, type Connection } from "./connection.js";
import { readGroup, type GroupRow } from "./rows.js";

const ADD_MEMBER = "INSERT OR IGNORE INTO group_member (group_id, account_id) VALUES (?, ?)";
const REMOVE_MEMBER = "DELETE FROM group_member WHERE group_id = ? AND account_id = ?";

export class SqliteGroupStore implements GroupStore {
  readonly #connection: Connection;
  readonly #byName;
  readonly #accountId;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#byName = connection.prepare<[string], GroupRow>(
      "SELECT * FROM account_group WHERE name = ?",
    );
    this.#accountId = connection
      .prepare<[string], number>("SELECT id FROM account WHERE name = ?")
      .pluck();
  }

  async add(name: string, now: EpochSeconds): Promise<Result<Group, GroupRefusal>> {
    return write(this.#connection, () => {
      if (this.#byName.get(name) !== undefined) return err({ reason: "name-taken", name } as const);
      const { lastInsertRowid } = this.#connection
        .prepare("INSERT INTO account_group (name, created_at) VALUES (?, ?)")
        .run(name, now);
      return ok({ id: Number(lastInsertRowid), name, createdAt: now });
    });
  }

  async find(name: string): Promise<Group | null> {
    const row = await run(() => this.#byName.get(name));
    return row === undefined ? null : readGroup(row);
  }

  async list(): Promise<readonly (Group & { readonly memberCount: number })[]> {
    const rows = await run(() =>
      this.#connection
        .prepare<[], GroupRow & { readonly members: number }>(
          `SELECT g.*, (SELECT count(*) FROM group_member m WHERE m.group_id = g.id) AS members
           FROM account_group g ORDER BY g.name`,
        )
        .all(),
    );
    return rows.map((row) => ({ ...readGroup(row), memberCount: row.members }));
  }

  async members(name: string): Promise<Result<readonly NamedId[], GroupRefusal>> {
    return run(() => {
      const group = this.#byName.get(name);
      if (group === undefined) return err({ reason: "unknown-group", name } as const);
      const rows = this.#connection
        .prepare<[number], NamedId>(
          `SELECT a.id, a.name FROM group_member m JOIN account a ON a.id = m.account_id
           WHERE m.group_id = ? ORDER BY a.name`,
        )
        .all(group.id);
      return ok(rows);
    });
  }

  async addMembers(
    name: string,
    accounts: readonly string[],
  ): Promise<Result<readonly string[], GroupRefusal>> {
    return this.#changeMembers(name, accounts, ADD_MEMBER);
  }

  async removeMembers(
    name: string,
    accounts: readonly string[],
  ): Promise<Result<readonly string[], GroupRefusal>> {
    return this.#changeMembers(name, accounts, REMOVE_MEMBER);
  }

  async remove(name: string): Promise<Result<Group, GroupRefusal>> {
    return write(this.#connection, () => {
      const group = this.#byName.get(name);
      if (group === undefined) return err({ reason: "unknown-group", name } as const);
      this.#connection.prepare("DELETE FROM account_group WHERE id = ?").run(group.id);
      return ok(readGroup(group));
    });
  }

  /** All or none; answers the names whose membership changed. */
  async #changeMembers(
    name: string,
    accounts: readonly string[],
    statement: string,
  ): Promise<Result<readonly string[], GroupRefusal>> {
    return write(this.#connection, () => {
      const group = this.#byName.get(name);
      if (group === undefined) return err({ reason: "unknown-group", name } as const);
      const changed: string[] = [];
      for (const account of accounts) {
        const id = this.#accountId.get(account);
        if (id === undefined) return err({ reason: "unknown-account", name: account } as const);
        const { changes } = this.#connection.prepare(statement).run(group.id, id);
        if (changes > 0) changed.push(account);
      }
      return ok(changed);
    });
  }
}
