// The audit of changes in SQLite: one row a change, in the change's own transaction, and the names that find it again.
import type { Account } from "../../domain/account.js";
import {
  CHANGE_VERBS,
  type Actor,
  type Change,
  type ChangeFilter,
  type ChangeState,
  type ChangeVerb,
  type NewChange,
} from "../../domain/change.js";
import type { ChangeLog } from "../../domain/change.js";
import { ok } from "../../domain/result.js";
import type { Clock, EpochSeconds } from "../../domain/time.js";
import { run, write, type Connection } from "./connection.js";

interface ChangeRow {
  readonly id: number;
  readonly at: number;
  readonly actor: string;
  readonly is_actor_claimed: number;
  readonly verb: string;
  readonly object: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** Writes a change down; to be called inside the transaction that makes it. */
export type RecordChange = (change: NewChange) => void;

/** A recorder for everything that this connection changes. */
export function createRecorder(connection: Connection, actor: Actor, clock: Clock): RecordChange {
  const insert = connection.prepare(
    "INSERT INTO change (at, actor, is_actor_claimed, verb, object, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)",
  );
  const insertName = connection.prepare(
    "INSERT OR IGNORE INTO change_name (kind, name, change_id) VALUES (?, ?, ?)",
  );
  return ({ verb, names, before, after, actor: other }) => {
    const [object] = names;
    const { lastInsertRowid } = insert.run(
      clock.now(),
      (other ?? actor).name,
      Number((other ?? actor).isClaimed),
      verb,
      object.name,
      toText(before),
      toText(after),
    );
    for (const { kind, name } of names) {
      if (kind !== "store") insertName.run(kind, name, lastInsertRowid);
    }
  };
}

const toText = (state: ChangeState): string | null =>
  state === null ? null : JSON.stringify(state);

/** An account as the audit shows it; never a hash. */
export function accountState(
  account: Account,
  owner?: string | null,
): Readonly<Record<string, unknown>> {
  return {
    name: account.name,
    kind: account.kind,
    permissions: account.permissions,
    email: account.email,
    enabled: account.isEnabled,
    expires: account.expiresAt,
    ...(account.kind === "robot" ? { owner: owner ?? null } : {}),
  };
}

/** Of images, grants and what registries hold alone; a state without a service holds in all. */
const IS_OF_SERVICE =
  "(verb LIKE 'image.%' OR verb LIKE 'access.%' OR verb LIKE 'registry.%') AND coalesce(json_extract(coalesce(after, before), '$.service'), @service) = @service";

export class SqliteChangeLog implements ChangeLog {
  readonly #connection: Connection;
  readonly #record: RecordChange;

  constructor(connection: Connection, record: RecordChange) {
    this.#connection = connection;
    this.#record = record;
  }

  async add(change: NewChange): Promise<void> {
    await write(this.#connection, () => {
      this.#record(change);
      return ok(null);
    });
  }

  async list(filter: ChangeFilter): Promise<readonly Change[]> {
    const { name, actor, service, since, until, limit } = filter;
    const conditions = [
      ...(name === null
        ? []
        : ["id IN (SELECT change_id FROM change_name WHERE kind = @kind AND name = @name)"]),
      ...(actor === null ? [] : ["actor = @actor"]),
      ...(service === null ? [] : [IS_OF_SERVICE]),
      ...(since === null ? [] : ["at >= @since"]),
      ...(until === null ? [] : ["at < @until"]),
    ];
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const rows = run(() =>
      this.#connection
        .prepare<[Record<string, unknown>], ChangeRow>(
          `SELECT * FROM change ${where} ORDER BY id DESC LIMIT @limit`,
        )
        .all({ kind: name?.kind, name: name?.name, actor, service, since, until, limit }),
    );
    return rows.reverse().map(readChange);
  }

  async prune(before: EpochSeconds): Promise<number> {
    const pruned = await write(this.#connection, () =>
      ok(this.#connection.prepare("DELETE FROM change WHERE at < ?").run(before).changes),
    );
    return pruned.value;
  }
}

function readChange(row: ChangeRow): Change {
  return {
    id: row.id,
    at: row.at,
    actor: { name: row.actor, isClaimed: row.is_actor_claimed === 1 },
    verb: readVerb(row.verb),
    object: row.object,
    before: toState(row.before),
    after: toState(row.after),
  };
}

function readVerb(word: string): ChangeVerb {
  const verb = CHANGE_VERBS.find((known) => known === word);
  if (verb === undefined) throw new Error(`the store holds a change of unknown kind: ${word}`);
  return verb;
}

const toState = (text: string | null): ChangeState =>
  text === null ? null : (JSON.parse(text) as ChangeState);
