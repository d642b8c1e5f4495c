// Accounts in SQLite. Every act is one transaction; the last-admin rule is checked inside it.
import type { Account, NamedId } from "../../domain/account.js";
import type { ChangeName } from "../../domain/change.js";
import { normalizePermissions } from "../../domain/action.js";
import type {
  AccountChange,
  AccountRefusal,
  AccountStore,
  NewAccount,
  SignInRecord,
} from "../../domain/ports.js";
import type { AccountFilter, AccountRecord } from "../../domain/listing.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import { accountState, type RecordChange } from "./change-log.js";
import { endLogins, recordLosses, writeChange } from "./account-change.js";
import { searchAccounts } from "./account-search.js";
import { run, write, type Connection } from "./connection.js";
import type { FileWatch } from "./file-watch.js";
import { readAccount, type AccountRow } from "./rows.js";

/** Enabled users with `admin` and without an end; permissions are stored in fixed order, so `admin` is the last word. */
const COUNT_ADMINS =
  "SELECT count(*) FROM account WHERE kind = 'user' AND is_enabled = 1 AND expires_at IS NULL AND permissions LIKE '%admin'";

const nameOf = ({ name }: Account): ChangeName => ({ kind: "account", name });

export class SqliteAccountStore implements AccountStore {
  readonly #connection: Connection;
  readonly #checkFile: FileWatch;
  readonly #record: RecordChange;
  readonly #byName;
  readonly #byId;
  readonly #groupsOf;

  constructor(connection: Connection, checkFile: FileWatch, record: RecordChange) {
    this.#connection = connection;
    this.#checkFile = checkFile;
    this.#record = record;
    this.#byName = connection.prepare<[string], AccountRow>("SELECT * FROM account WHERE name = ?");
    this.#byId = connection.prepare<[number], AccountRow>("SELECT * FROM account WHERE id = ?");
    this.#groupsOf = connection.prepare<[number], NamedId>(
      `SELECT g.id, g.name FROM group_member m JOIN account_group g ON g.id = m.group_id
       WHERE m.account_id = ? ORDER BY g.name`,
    );
  }

  async add(account: NewAccount, now: EpochSeconds): Promise<Result<Account, AccountRefusal>> {
    return write(this.#connection, () => {
      if (this.#byName.get(account.name) !== undefined) {
        return err({ reason: "name-taken", name: account.name } as const);
      }
      const owner = this.#findOwner(account.owner ?? null);
      if (!owner.ok) return owner;
      const { lastInsertRowid } = this.#connection
        .prepare(
          `INSERT INTO account (name, kind, permissions, email, expires_at, created_at, password_hash, password_changed_at,
             owner_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          account.name,
          account.kind,
          normalizePermissions(account.permissions).join(","),
          account.email,
          account.expiresAt,
          now,
          account.passwordHash,
          account.passwordHash === null ? null : now,
          owner.value,
        );
      const id = Number(lastInsertRowid);
      for (const group of account.groups) {
        const { changes } = this.#connection
          .prepare(
            "INSERT OR IGNORE INTO group_member (group_id, account_id) SELECT id, ? FROM account_group WHERE name = ?",
          )
          .run(id, group);
        const isRepeated = account.groups.indexOf(group) !== account.groups.lastIndexOf(group);
        if (changes === 0 && !isRepeated) {
          return err({ reason: "unknown-group", name: group } as const);
        }
      }
      const made = this.#must(id);
      const after = { ...this.#state(made), groups: [...new Set(account.groups)].sort() };
      this.#record({ verb: "account.add", names: [nameOf(made)], before: null, after });
      return ok(made);
    });
  }

  async find(name: string): Promise<Account | null> {
    const row = await run(() => this.#byName.get(name));
    return row === undefined ? null : readAccount(row);
  }

  async findById(id: number): Promise<Account | null> {
    const row = await run(() => this.#byId.get(id));
    return row === undefined ? null : readAccount(row);
  }

  async findSignIn(name: string): Promise<SignInRecord | null> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#signIn(this.#byName.get(name));
    });
  }

  async findSignInById(id: number): Promise<SignInRecord | null> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#signIn(this.#byId.get(id));
    });
  }

  async list(): Promise<readonly Account[]> {
    return run(() =>
      this.#connection
        .prepare<[], AccountRow>("SELECT * FROM account ORDER BY name")
        .all()
        .map(readAccount),
    );
  }

  async search(filter: AccountFilter): Promise<readonly AccountRecord[]> {
    return run(() => searchAccounts(this.#connection, filter));
  }

  async groupsOf(id: number): Promise<readonly NamedId[]> {
    return run(() => this.#groupsOf.all(id));
  }

  async update(
    name: string,
    change: AccountChange,
    now: EpochSeconds,
  ): Promise<Result<Account, AccountRefusal>> {
    return write(this.#connection, () => {
      const row = this.#byName.get(name);
      if (row === undefined) return err({ reason: "unknown-account", name } as const);
      const newName = change.name ?? row.name;
      if (newName !== row.name && this.#byName.get(newName) !== undefined) {
        return err({ reason: "name-taken", name: newName } as const);
      }
      const owner = this.#findOwner(change.owner ?? null);
      if (!owner.ok) return owner;
      const hadAdmin = this.#countAdmins() > 0;
      const before = readAccount(row);
      const owned = change.owner === undefined ? row.owner_id : owner.value;
      writeChange(this.#connection, { row, change, ownerId: owned, now });
      if (hadAdmin && this.#countAdmins() === 0)
        return err({ reason: "last-admin", name } as const);
      const after = this.#must(row.id);
      this.#recordUpdate(before, after, change);
      endLogins(this.#connection, this.#record, { before, change, now });
      return ok(after);
    });
  }

  async robotsOf(ownerId: number): Promise<readonly Account[]> {
    return run(() => this.#robotsOf(ownerId));
  }

  async remove(name: string): Promise<Result<Account, AccountRefusal>> {
    return write(this.#connection, () => {
      const row = this.#byName.get(name);
      if (row === undefined) return err({ reason: "unknown-account", name } as const);
      const robots = this.#robotsOf(row.id);
      const enabled = robots.filter(({ isEnabled }) => isEnabled);
      if (enabled.length > 0) {
        const names = enabled.map((robot) => robot.name);
        return err({ reason: "owns-robots", name: row.name, robots: names } as const);
      }
      const hadAdmin = this.#countAdmins() > 0;
      const groups = this.#groupsOf.all(row.id).map((group) => group.name);
      const gone = readAccount(row);
      const before = { ...this.#state(gone), groups };
      recordLosses(this.#connection, this.#record, { account: gone, robots });
      this.#connection.prepare("DELETE FROM account WHERE id = ?").run(row.id);
      if (hadAdmin && this.#countAdmins() === 0)
        return err({ reason: "last-admin", name } as const);
      this.#record({ verb: "account.remove", names: [nameOf(gone)], before, after: null });
      return ok(gone);
    });
  }

  async replaceHash(id: number, oldHash: string, newHash: string): Promise<void> {
    await run(() =>
      this.#connection
        .prepare("UPDATE account SET password_hash = ? WHERE id = ? AND password_hash = ?")
        .run(newHash, id, oldHash),
    );
  }

  #countAdmins(): number {
    return this.#connection.prepare<[], number>(COUNT_ADMINS).pluck().get() ?? 0;
  }

  /** For acts of other stores on this connection, inside their transaction. */
  read(name: string): Account | null {
    const row = this.#byName.get(name);
    return row === undefined ? null : readAccount(row);
  }

  /** As findSignInById, for reads of other stores on this connection. */
  readSignIn(id: number): SignInRecord | null {
    return this.#signIn(this.#byId.get(id));
  }

  #findOwner(name: string | null): Result<number | null, AccountRefusal> {
    if (name === null) return ok(null);
    const owner = this.#byName.get(name);
    return owner?.kind === "user" ? ok(owner.id) : err({ reason: "unknown-owner", name });
  }

  #robotsOf(ownerId: number): readonly Account[] {
    return this.#connection
      .prepare<[number], AccountRow>("SELECT * FROM account WHERE owner_id = ? ORDER BY name")
      .all(ownerId)
      .map(readAccount);
  }

  #state(account: Account): Readonly<Record<string, unknown>> {
    const owner = account.ownerId === null ? undefined : this.#byId.get(account.ownerId);
    return accountState(account, owner?.name ?? null);
  }

  #recordUpdate(before: Account, after: Account, change: AccountChange): void {
    const states = [this.#state(before), this.#state(after)] as const;
    if (
      change.passwordHash === undefined &&
      JSON.stringify(states[0]) === JSON.stringify(states[1])
    ) {
      if (change.unlocks !== true) return; // as it was already: nothing for the record
      this.#record({ verb: "account.unlock", names: [nameOf(after)], before: null, after: null });
      return;
    }
    const password = change.passwordHash === undefined ? {} : { password: "changed" };
    this.#record({
      verb: "account.update",
      names: [nameOf(after), nameOf(before)],
      before: states[0],
      after: { ...states[1], ...password },
    });
  }

  #must(id: number): Account {
    const row = this.#byId.get(id);
    if (row === undefined) throw new Error("an account vanished inside its own transaction");
    return readAccount(row);
  }

  #signIn(row: AccountRow | undefined): SignInRecord | null {
    if (row === undefined) return null;
    const groups = this.#groupsOf.all(row.id);
    return { account: readAccount(row), passwordHash: row.password_hash, groups };
  }
}
