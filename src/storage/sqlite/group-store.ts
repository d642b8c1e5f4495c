// Groups and their members in SQLite.
import type { Group, NamedId } from "../../domain/account.js";
import type { ChangeName } from "../../domain/change.js";
import type { GroupRefusal, GroupStore } from "../../domain/ports.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { RecordChange } from "./change-log.js";
import { run, write, type Connection } from "./connection.js";
import { readGroup, type GroupRow } from "./rows.js";

const MEMBER_STATEMENTS = {
  "group.add-members": "INSERT OR IGNORE INTO group_member (group_id, account_id) VALUES (?, ?)",
  "group.remove-members": "DELETE FROM group_member WHERE group_id = ? AND account_id = ?",
} as const;

const nameOf = (name: string): ChangeName => ({ kind: "group", name });
const accountOf = (name: string): ChangeName => ({ kind: "account", name });

export class SqliteGroupStore implements GroupStore {
  readonly #connection: Connection;
  readonly #record: RecordChange;
  readonly #byName;
  readonly #accountId;
  readonly #members;

  constructor(connection: Connection, record: RecordChange) {
    this.#connection = connection;
    this.#record = record;
    this.#byName = connection.prepare<[string], GroupRow>(
      "SELECT * FROM account_group WHERE name = ?",
    );
    this.#accountId = connection
      .prepare<[string], number>("SELECT id FROM account WHERE name = ?")
      .pluck();
    this.#members = connection.prepare<[number], NamedId>(
      `SELECT a.id, a.name FROM group_member m JOIN account a ON a.id = m.account_id
       WHERE m.group_id = ? ORDER BY a.name`,
    );
  }

  async add(name: string, now: EpochSeconds): Promise<Result<Group, GroupRefusal>> {
    return write(this.#connection, () => this.addNow(name, now));
  }

  /** As add, inside a transaction that is under way. */
  addNow(name: string, now: EpochSeconds): Result<Group, GroupRefusal> {
    if (this.#byName.get(name) !== undefined) return err({ reason: "name-taken", name } as const);
    const { lastInsertRowid } = this.#connection
      .prepare("INSERT INTO account_group (name, created_at) VALUES (?, ?)")
      .run(name, now);
    this.#record({ verb: "group.add", names: [nameOf(name)], before: null, after: { name } });
    return ok({ id: Number(lastInsertRowid), name, createdAt: now });
  }

  async find(name: string): Promise<Group | null> {
    const row = run(() => this.#byName.get(name));
    return row === undefined ? null : readGroup(row);
  }

  async list(): Promise<readonly (Group & { readonly memberCount: number })[]> {
    const rows = run(() =>
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
      return ok(this.#members.all(group.id));
    });
  }

  async addMembers(
    name: string,
    accounts: readonly string[],
  ): Promise<Result<readonly string[], GroupRefusal>> {
    return write(this.#connection, () => this.changeNow("group.add-members", name, accounts));
  }

  async removeMembers(
    name: string,
    accounts: readonly string[],
  ): Promise<Result<readonly string[], GroupRefusal>> {
    return write(this.#connection, () => this.changeNow("group.remove-members", name, accounts));
  }

  async remove(name: string): Promise<Result<Group, GroupRefusal>> {
    return write(this.#connection, () => this.removeNow(name));
  }

  /** As remove, inside a transaction that is under way. */
  removeNow(name: string): Result<Group, GroupRefusal> {
    const group = this.#byName.get(name);
    if (group === undefined) return err({ reason: "unknown-group", name } as const);
    const members = this.#members.all(group.id).map((member) => member.name);
    this.#connection.prepare("DELETE FROM account_group WHERE id = ?").run(group.id);
    this.#record({
      verb: "group.remove",
      names: [nameOf(name), ...members.map(accountOf)],
      before: { name, members },
      after: null,
    });
    return ok(readGroup(group));
  }

  /** As addMembers or removeMembers, inside a transaction that is under way. */
  changeNow(
    verb: keyof typeof MEMBER_STATEMENTS,
    name: string,
    accounts: readonly string[],
  ): Result<readonly string[], GroupRefusal> {
    const group = this.#byName.get(name);
    if (group === undefined) return err({ reason: "unknown-group", name } as const);
    const change = this.#connection.prepare(MEMBER_STATEMENTS[verb]);
    const changed: string[] = [];
    for (const account of accounts) {
      const id = this.#accountId.get(account);
      if (id === undefined) return err({ reason: "unknown-account", name: account } as const);
      if (change.run(group.id, id).changes > 0) changed.push(account);
    }
    if (changed.length > 0) this.#recordMembers(verb, group, changed);
    return ok(changed);
  }

  #recordMembers(
    verb: keyof typeof MEMBER_STATEMENTS,
    group: GroupRow,
    changed: readonly string[],
  ): void {
    const members = this.#members.all(group.id).map(({ name }) => name);
    const isAdded = verb === "group.add-members";
    const before = isAdded
      ? members.filter((name) => !changed.includes(name))
      : [...members, ...changed].sort();
    this.#record({
      verb,
      names: [nameOf(group.name), ...changed.map(accountOf)],
      before: { members: before },
      after: { members },
    });
  }
}
