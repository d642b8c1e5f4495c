// The policy as a whole in SQLite: read at one moment, changed in one transaction by the acts of the single stores.
import type {
  AccountState,
  PolicyState,
  PolicyStep,
  PolicyStore,
  StatedGroup,
} from "../../domain/stated-policy.js";
import type { Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { SqliteAccountStore } from "./account-store.js";
import { run, write, type Connection } from "./connection.js";
import type { SqliteGroupStore } from "./group-store.js";
import { readImages } from "./image-list.js";
import type { SqliteImageStore } from "./image-store.js";
import { readAccount, type AccountRow } from "./rows.js";

/** The stores on the same connection. */
export interface PolicyParts {
  readonly accounts: SqliteAccountStore;
  readonly groups: SqliteGroupStore;
  readonly images: SqliteImageStore;
}

export class SqliteWholePolicy implements PolicyStore {
  readonly #connection: Connection;
  readonly #parts: PolicyParts;

  constructor(connection: Connection, parts: PolicyParts) {
    this.#connection = connection;
    this.#parts = parts;
  }

  async readAll(now: EpochSeconds): Promise<PolicyState> {
    return run(() => this.#connection.transaction(() => readState(this.#connection, now))());
  }

  async change<P extends { readonly steps: readonly PolicyStep[] }, E>(
    plan: (state: PolicyState) => Result<P, E>,
    now: EpochSeconds,
  ): Promise<Result<P, E>> {
    return write(this.#connection, () => {
      const planned = plan(readState(this.#connection, now));
      if (!planned.ok) return planned;
      for (const step of planned.value.steps) this.#take(step, now);
      return planned;
    });
  }

  /** A step that can't be taken is a fault of the plan, and the whole change is rolled back. */
  #take(step: PolicyStep, now: EpochSeconds): void {
    const taken = this.#act(step, now);
    if (!taken.ok) throw new Error(`the plan has a step that can't be taken: ${step.kind}`);
  }

  #act(step: PolicyStep, now: EpochSeconds): Result<unknown, unknown> {
    const { accounts, groups, images } = this.#parts;
    switch (step.kind) {
      case "account.add": {
        const added = accounts.addNow(step.account, now);
        if (!added.ok || step.account.isEnabled) return added;
        return accounts.updateNow(step.account.name, { isEnabled: false }, now);
      }
      case "account.update":
        return accounts.updateNow(step.name, step.change, now);
      case "account.remove":
        return accounts.removeNow(step.name);
      case "group.add": {
        const added = groups.addNow(step.name, now);
        return added.ok ? groups.changeNow("group.add-members", step.name, step.members) : added;
      }
      case "group.members": {
        const removed = groups.changeNow("group.remove-members", step.name, step.removed);
        return removed.ok ? groups.changeNow("group.add-members", step.name, step.added) : removed;
      }
      case "group.remove":
        return groups.removeNow(step.name);
      case "image.register":
        return images.registerNow(step.image, now);
      case "image.update":
        return images.updateNow(step.pattern, step.change, now);
      case "image.unregister":
        return images.unregisterNow(step.pattern, now);
    }
  }
}

/** To be called inside a transaction: a few reads, however much there is. */
function readState(connection: Connection, now: EpochSeconds): PolicyState {
  return {
    accounts: readAccounts(connection),
    groups: readGroups(connection),
    images: readImages(connection, now),
  };
}

function readAccounts(connection: Connection): readonly AccountState[] {
  const rows = connection
    .prepare<[], AccountRow & { readonly owner: string | null }>(
      "SELECT a.*, o.name AS owner FROM account a LEFT JOIN account o ON o.id = a.owner_id ORDER BY a.name",
    )
    .all();
  return rows.map((row) => ({
    account: readAccount(row),
    owner: row.owner,
    passwordHash: row.password_hash,
    passwordOrigin: row.password_origin,
    isPasswordStated: row.is_password_stated === 1,
  }));
}

function readGroups(connection: Connection): readonly StatedGroup[] {
  const members = new Map<string, string[]>();
  const names = connection.prepare<[], string>("SELECT name FROM account_group ORDER BY name");
  for (const name of names.pluck().all()) members.set(name, []);
  const rows = connection
    .prepare<[], { readonly team: string; readonly member: string }>(
      `SELECT g.name AS team, a.name AS member FROM group_member m JOIN account_group g ON g.id = m.group_id
       JOIN account a ON a.id = m.account_id ORDER BY a.name`,
    )
    .all();
  for (const { team, member } of rows) members.get(team)?.push(member);
  return [...members].map(([name, list]) => ({ name, members: list }));
}
