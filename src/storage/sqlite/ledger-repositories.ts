// Repositories of the ledger by service and name, so many and no more.
import type { RepositoryPlace } from "../../domain/ledger.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";

/** Beyond so many, what happens in new ones is not kept, and the ledger needs to be read from the registry. */
export const REPOSITORIES_MAX = 200_000;

export class LedgerRepositories {
  readonly #find;
  readonly #add;
  readonly #count;
  readonly #most: number;

  constructor(connection: Connection, most: number) {
    this.#most = most;
    this.#find = connection
      .prepare<[string, string], number>(
        "SELECT id FROM ledger_repository WHERE service = ? AND name = ?",
      )
      .pluck();
    this.#add = connection
      .prepare<[string, string, number], number>(
        "INSERT INTO ledger_repository (service, name, seen_at) VALUES (?, ?, ?) RETURNING id",
      )
      .pluck();
    this.#count = connection.prepare<[], number>("SELECT count(*) FROM ledger_repository").pluck();
  }

  find({ service, repository }: RepositoryPlace): number | null {
    return this.#find.get(service, repository) ?? null;
  }

  /** Null: there are too many. */
  findOrAdd(place: RepositoryPlace, now: EpochSeconds): number | null {
    const known = this.find(place);
    if (known !== null) return known;
    if ((this.#count.get() ?? 0) >= this.#most) return null;
    return this.#add.get(place.service, place.repository, now) ?? null;
  }
}
