// Accounts in SQLite. Every act is one transaction; the last-admin rule is checked inside it.
import type { Account, NamedId } from "../../domain/account.js";
import type { ChangeName } from "../../domain/change.js";
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
import { endLogins, insertAccount, recordLosses, writeChange } from "./account-change.js";
import { searchAccounts } from "./account-search.js";
import { run, write, type Connection } from "./connection.js";
import type { FileWatch } from "./file-watch.js";
import { KeptReads } from "./kept-reads.js";
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
  readonly #join;
  /** By name, or by number. */
  readonly #kept: KeptReads<SignInRecord | null>;

  constructor(connection: Connection, checkFile: FileWatch, record: RecordChange) {
    this.#connection = connection;
    this.#checkFile = checkFile;
    this.#record = record;
    this.#kept = new KeptReads(connection);
    this.#byName = connection.prepare<[string], AccountRow>("SELECT * FROM account WHERE name = ?");
    this.#byId = connection.prepare<[number], AccountRow>("SELECT * FROM account WHERE id = ?");
    this.#groupsOf = connection.prepare<[number], NamedId>(
      `SELECT g.id, g.name FROM group_member m JOIN account_group g ON g.id = m.group_id
       WHERE m.account_id = ? ORDER BY g.name`,
    );
    this.#join = connection.prepare<[number, string]>(
      "INSERT OR IGNORE INTO group_member (group_id, account_id) SELECT id, ? FROM account_group WHERE name = ?",
    );
  }

  async add(account: NewAccount, now: EpochSeconds): Promise<Result<Account, AccountRefusal>> {
    return write(this.#connection, () => this.addNow(account, now));
  }

  /** As add, inside a transaction that is under way. */
  addNow(account: NewAccount, now: EpochSeconds): Result<Account, AccountRefusal> {
    if (this.#byName.get(account.name) !== undefined) {
      return err({ reason: "name-taken", name: account.name } as const);
    }
    const owner = this.#findOwner(account.owner ?? null);
    if (!owner.ok) return owner;
    const id = insertAccount(this.#connection, account, { ownerId: owner.value, now });
    for (const group of new Set(account.groups)) {
      const { changes } = this.#join.run(id, group);
      if (changes === 0) return err({ reason: "unknown-group", name: group } as const);
    }
    const made = this.#must(id);
    const after = { ...this.#state(made), groups: [...new Set(account.groups)].sort() };
    this.#record({ verb: "account.add", names: [nameOf(made)], before: null, after });
    return ok(made);
  }

  async find(name: string): Promise<Account | null> {
    const row = run(() => this.#byName.get(name));
    return row === undefined ? null : readAccount(row);
  }

  async findById(id: number): Promise<Account | null> {
    const row = run(() => this.#byId.get(id));
    return row === undefined ? null : readAccount(row);
  }

  async findSignIn(name: string): Promise<SignInRecord | null> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#kept.get(name, () => this.#signIn(this.#byName.get(name)));
    });
  }

  async findSignInById(id: number): Promise<SignInRecord | null> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#kept.get(id, () => this.#signIn(this.#byId.get(id)));
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
    return write(this.#connection, () =>
      this.#keepAdmin(name, () => this.updateNow(name, change, now)),
    );
  }

  /** As update, inside a transaction that is under way, which keeps an admin by itself. */
  updateNow(
    name: string,
    change: AccountChange,
    now: EpochSeconds,
  ): Result<Account, AccountRefusal> {
    const row = this.#byName.get(name);
    if (row === undefined) return err({ reason: "unknown-account", name } as const);
    const newName = change.name ?? row.name;
    if (newName !== row.name && this.#byName.get(newName) !== undefined) {
      return err({ reason: "name-taken", name: newName } as const);
    }
    const owner = this.#findOwner(change.owner ?? null);
    if (!owner.ok) return owner;
    const before = readAccount(row);
    const owned = change.owner === undefined ? row.owner_id : owner.value;
    writeChange(this.#connection, { row, change, ownerId: owned, now });
    const after = this.#must(row.id);
    this.#recordUpdate(before, after, change);
    endLogins(this.#connection, this.#record, { before, change, now });
    return ok(after);
  }

  async robotsOf(ownerId: number): Promise<readonly Account[]> {
    return run(() => this.#robotsOf(ownerId));
  }

  async remove(name: string): Promise<Result<Account, AccountRefusal>> {
    return write(this.#connection, () => this.#keepAdmin(name, () => this.removeNow(name)));
  }

  /** As remove, inside a transaction that is under way, which keeps an admin by itself. */
  removeNow(name: string): Result<Account, AccountRefusal> {
    const row = this.#byName.get(name);
    if (row === undefined) return err({ reason: "unknown-account", name } as const);
    const robots = this.#robotsOf(row.id);
    const enabled = robots.filter(({ isEnabled }) => isEnabled);
    if (enabled.length > 0) {
      const names = enabled.map((robot) => robot.name);
      return err({ reason: "owns-robots", name: row.name, robots: names } as const);
    }
    const groups = this.#groupsOf.all(row.id).map((group) => group.name);
    const gone = readAccount(row);
    const before = { ...this.#state(gone), groups };
    recordLosses(this.#connection, this.#record, { account: gone, robots });
    this.#connection.prepare("DELETE FROM account WHERE id = ?").run(row.id);
    this.#record({ verb: "account.remove", names: [nameOf(gone)], before, after: null });
    return ok(gone);
  }

  /** The act's answer, or that it would take the last admin. */
  #keepAdmin(
    name: string,
    act: () => Result<Account, AccountRefusal>,
  ): Result<Account, AccountRefusal> {
    const hadAdmin = this.#countAdmins() > 0;
    const acted = act();
    if (!acted.ok || !hadAdmin || this.#countAdmins() > 0) return acted;
    return err({ reason: "last-admin", name } as const);
  }

  async replaceHash(id: number, oldHash: string, newHash: string): Promise<void> {
    await write(this.#connection, () =>
      ok(
        this.#connection
          .prepare("UPDATE account SET password_hash = ? WHERE id = ? AND password_hash = ?")
          .run(newHash, id, oldHash),
      ),
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
