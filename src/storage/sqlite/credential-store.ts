// Personal tokens, robots' secrets and refresh tokens in SQLite. Every act is one transaction, with its audit record.
import { parseName } from "../../domain/account.js";
import {
  fitsAccount,
  type Credential,
  type CredentialFilter,
  type CredentialRefusal,
  type CredentialStore,
  type CredentialUse,
  type EndReason,
  type ListedCredential,
  type NewCredential,
  type PresentedCredential,
} from "../../domain/credential.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { SqliteAccountStore } from "./account-store.js";
import type { RecordChange } from "./change-log.js";
import { run, write, type Connection } from "./connection.js";
import { findKept, findSurplus } from "./credential-bounds.js";
import { displaceLogins, endCredentials } from "./credential-end.js";
import { countUnconfirmed, readCredentialEpoch } from "./credential-epoch.js";
import {
  ceilingColumns,
  CREDENTIAL_COLUMNS,
  LISTED,
  credentialState,
  readCredential,
  readListed,
  type CredentialRow,
  type ListedRow,
} from "./credential-rows.js";
import type { FileWatch } from "./file-watch.js";
import { KeptReads } from "./kept-reads.js";

export class SqliteCredentialStore implements CredentialStore {
  readonly #connection: Connection;
  readonly #checkFile: FileWatch;
  readonly #record: RecordChange;
  readonly #accounts: SqliteAccountStore;
  readonly #byDigest;
  readonly #byId;
  readonly #listedById;
  /** By digest, or by number. */
  readonly #kept: KeptReads<PresentedCredential | null>;

  constructor(
    connection: Connection,
    checkFile: FileWatch,
    record: RecordChange,
    accounts: SqliteAccountStore,
  ) {
    this.#connection = connection;
    this.#checkFile = checkFile;
    this.#record = record;
    this.#accounts = accounts;
    this.#kept = new KeptReads(connection);
    const one = (where: string) =>
      connection.prepare<[unknown], CredentialRow>(
        `SELECT ${CREDENTIAL_COLUMNS} FROM credential c WHERE ${where}`,
      );
    this.#byDigest = one("c.digest = ?");
    this.#byId = one("c.id = ?");
    this.#listedById = connection.prepare<[number], ListedRow>(`${LISTED} WHERE c.id = ?`);
  }

  async add(
    credential: NewCredential,
    now: EpochSeconds,
  ): Promise<
    Result<
      { readonly credential: Credential; readonly ended: readonly number[] },
      CredentialRefusal
    >
  > {
    return write(this.#connection, () => {
      const { account: name, kind } = credential;
      const account = this.#accounts.read(name);
      // A password that was changed while its login was under way must leave nothing behind.
      const isPast =
        account?.credentialVersion !== (credential.version ?? account?.credentialVersion);
      if (account === null || isPast) return err({ reason: "unknown-account", name } as const);
      if (!fitsAccount(kind, account)) return err({ reason: "wrong-kind", name } as const);
      const { images, actions } = ceilingColumns(credential.ceiling);
      const { lastInsertRowid } = this.#connection
        .prepare(
          `INSERT INTO credential (account_id, kind, digest, epoch, service, images, actions, description, created_at,
             created_address, created_program, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          account.id,
          kind,
          Buffer.from(credential.digest, "hex"),
          readCredentialEpoch(this.#connection),
          credential.service,
          images,
          actions,
          credential.description,
          now,
          credential.createdFrom?.address ?? null,
          credential.createdFrom?.program ?? null,
          credential.expiresAt,
        );
      const added = this.#must(Number(lastInsertRowid));
      this.#record({
        verb: "credential.add",
        names: [{ kind: "account", name }],
        before: null,
        after: credentialState(added),
        // A login is made by its own account, whoever runs the server.
        ...(kind === "refresh" ? { actor: { name, isClaimed: false } } : {}),
      });
      const surplus = findSurplus(this.#connection, added, now);
      const kept = findKept(surplus, credential, now);
      if (kept !== null) return err({ reason: "would-end", name, id: kept.id } as const);
      if (kind === "refresh") displaceLogins(this.#connection, this.#record, surplus, now);
      else {
        const rotated = { credentials: surplus, reason: "rotated", now } as const;
        endCredentials(this.#connection, this.#record, rotated);
      }
      return ok({ credential: added, ended: surplus.map(({ id }) => id) });
    });
  }

  async present(digest: string): Promise<PresentedCredential | null> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#kept.get(digest, () =>
        this.#withHolder(this.#byDigest.get(Buffer.from(digest, "hex"))),
      );
    });
  }

  async presentById(id: number): Promise<PresentedCredential | null> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#kept.get(id, () => this.#withHolder(this.#byId.get(id)));
    });
  }

  async list({ account, withEnded }: CredentialFilter): Promise<readonly ListedCredential[]> {
    const conditions = [
      ...(account === null ? [] : ["a.name = @account"]),
      ...(withEnded ? [] : ["c.ended_at IS NULL"]),
    ];
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    return run(() =>
      this.#connection
        .prepare<[Record<string, unknown>], ListedRow>(`${LISTED} ${where} ORDER BY a.name, c.id`)
        .all({ account: account === null ? null : parseName(account) })
        .map(readListed),
    );
  }

  async find(id: number): Promise<ListedCredential | null> {
    return run(() => {
      const row = this.#listedById.get(id);
      return row === undefined ? null : readListed(row);
    });
  }

  async end(
    ids: readonly number[],
    reason: EndReason,
    now: EpochSeconds,
  ): Promise<Result<readonly ListedCredential[], CredentialRefusal>> {
    return write(this.#connection, () => {
      const found = this.#findAll(ids);
      if (!found.ok) return found;
      const gone = found.value.find(({ end }) => end !== null);
      if (gone !== undefined) return err({ reason: "already-ended", id: gone.id } as const);
      endCredentials(this.#connection, this.#record, { credentials: found.value, reason, now });
      return found;
    });
  }

  async confirm(
    ids: readonly number[] | null,
  ): Promise<Result<readonly ListedCredential[], CredentialRefusal>> {
    return write(this.#connection, () => {
      const found = ids === null ? ok(this.#findUnconfirmed()) : this.#findAll(ids);
      if (!found.ok) return found;
      const gone = found.value.find(({ end }) => end !== null);
      if (gone !== undefined) return err({ reason: "already-ended", id: gone.id } as const);
      const confirmed = found.value.filter(({ isUnconfirmed }) => isUnconfirmed);
      const epoch = readCredentialEpoch(this.#connection);
      const raise = this.#connection.prepare("UPDATE credential SET epoch = ? WHERE id = ?");
      for (const credential of confirmed) {
        raise.run(epoch, credential.id);
        this.#record({
          verb: "credential.confirm",
          names: [{ kind: "account", name: credential.account }],
          before: null,
          after: credentialState(credential),
        });
      }
      return ok(confirmed);
    });
  }

  async countUnconfirmed(now: EpochSeconds): Promise<number> {
    return run(() => countUnconfirmed(this.#connection, now));
  }

  async noteEnd(id: number, reason: EndReason, now: EpochSeconds): Promise<void> {
    run(() =>
      this.#connection
        .prepare(
          "UPDATE credential SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL",
        )
        .run(now, reason, id),
    );
  }

  async noteUses(uses: ReadonlyMap<number, CredentialUse>): Promise<void> {
    await write(this.#connection, () => {
      const note = this.#connection.prepare(
        `UPDATE credential SET used_at = @at, used_address = @address, used_program = @program
         WHERE id = @id AND (used_at IS NULL OR used_at <= @at)`,
      );
      for (const [id, use] of uses) note.run({ id, ...use });
      return ok(null);
    });
  }

  async prune(before: EpochSeconds): Promise<number> {
    return run(
      () =>
        this.#connection.prepare("DELETE FROM credential WHERE ended_at < ?").run(before).changes,
    );
  }

  #findAll(ids: readonly number[]): Result<readonly ListedCredential[], CredentialRefusal> {
    const found: ListedCredential[] = [];
    for (const id of new Set(ids)) {
      const row = this.#listedById.get(id);
      if (row === undefined) return err({ reason: "unknown-credential", id });
      found.push(readListed(row));
    }
    return ok(found);
  }

  #findUnconfirmed(): readonly ListedCredential[] {
    return (
      this.#connection
        .prepare<[], ListedRow>(`${LISTED} WHERE c.ended_at IS NULL ORDER BY a.name, c.id`)
        .all()
        .map(readListed)
        // A login has ended with the restore: who wants it back names it, or types docker login.
        .filter(({ isUnconfirmed, kind }) => isUnconfirmed && kind !== "refresh")
    );
  }

  #withHolder(row: CredentialRow | undefined): PresentedCredential | null {
    if (row === undefined) return null;
    const holder = this.#accounts.readSignIn(row.account_id);
    return holder === null ? null : { credential: readCredential(row), holder };
  }

  #must(id: number): Credential {
    const row = this.#byId.get(id);
    if (row === undefined) throw new Error("a credential vanished inside its own transaction");
    return readCredential(row);
  }
}
