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
      const { lastInsertRowid } = this.#connection
        .prepare(
          `INSERT INTO account (name, kind, permissions, email, expires_at, created_at, password_hash, password_changed_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
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
      const after = { ...accountState(made), groups: [...new Set(account.groups)].sort() };
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
      const hadAdmin = this.#countAdmins() > 0;
      const permissions =
        change.permissions === undefined
          ? row.permissions
          : normalizePermissions(change.permissions).join(",");
      const next = {
        name: newName,
        permissions,
        email: change.email === undefined ? row.email : change.email,
        expires_at: change.expiresAt === undefined ? row.expires_at : change.expiresAt,
        is_enabled: change.isEnabled === undefined ? row.is_enabled : Number(change.isEnabled),
        password_hash: change.passwordHash ?? row.password_hash,
        password_changed_at: change.passwordHash === undefined ? row.password_changed_at : now,
      };
      const isCredentialTouched =
        next.name !== row.name ||
        next.permissions !== row.permissions ||
        next.expires_at !== row.expires_at ||
        next.is_enabled !== row.is_enabled ||
        change.passwordHash !== undefined;
      this.#connection
        .prepare(
          `UPDATE account SET name = @name, permissions = @permissions, email = @email, expires_at = @expires_at,
             is_enabled = @is_enabled, password_hash = @password_hash, password_changed_at = @password_changed_at,
             credential_version = credential_version + @rise WHERE id = @id`,
        )
        .run({ ...next, rise: Number(isCredentialTouched), id: row.id });
      if (hadAdmin && this.#countAdmins() === 0)
        return err({ reason: "last-admin", name } as const);
      const before = readAccount(row);
      const after = this.#must(row.id);
      const password = change.passwordHash === undefined ? {} : { password: "changed" };
      this.#record({
        verb: "account.update",
        names: [nameOf(after), nameOf(before)],
        before: accountState(before),
        after: { ...accountState(after), ...password },
      });
      return ok(after);
    });
  }

  async remove(name: string): Promise<Result<Account, AccountRefusal>> {
    return write(this.#connection, () => {
      const row = this.#byName.get(name);
      if (row === undefined) return err({ reason: "unknown-account", name } as const);
      const hadAdmin = this.#countAdmins() > 0;
      const groups = this.#groupsOf.all(row.id).map((group) => group.name);
      this.#connection.prepare("DELETE FROM account WHERE id = ?").run(row.id);
      if (hadAdmin && this.#countAdmins() === 0)
        return err({ reason: "last-admin", name } as const);
      const gone = readAccount(row);
      const before = { ...accountState(gone), groups };
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
