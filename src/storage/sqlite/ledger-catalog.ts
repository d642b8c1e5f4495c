// Names of repositories that hold something, read along the index of service and name; opens its file when it is first asked.
import type { CatalogReader } from "../../domain/ledger.js";
import { run, type Connection } from "./connection.js";
import { keepFile } from "./kept-file.js";
import { openLedger, type OpenLedgerOptions } from "./open-ledger.js";
import { LAST } from "./overlapping.js";

/** The statement, exported so that a test can look at its query plan. */
export const CATALOG_SQL = `SELECT r.name FROM ledger_repository r
  WHERE r.service = @service AND r.name >= @from AND r.name < @to
  AND (EXISTS (SELECT 1 FROM ledger_tag t WHERE t.repository_id = r.id AND t.digest IS NOT NULL)
    OR EXISTS (SELECT 1 FROM ledger_manifest m WHERE m.repository_id = r.id AND m.deleted_us IS NULL))
  ORDER BY r.name LIMIT @limit`;

export class SqliteLedgerCatalog implements CatalogReader {
  readonly #connection: Connection;
  readonly #names;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#names = connection.prepare<[object], string>(CATALOG_SQL).pluck();
  }

  async listRepositories(
    service: string,
    { prefix, after, limit }: Parameters<CatalogReader["listRepositories"]>[1],
  ): Promise<readonly string[]> {
    // Nothing lies between a text and the same text with a NUL behind it.
    const next = after === null ? "" : `${after}\0`;
    const from = next > prefix ? next : prefix;
    return run(() => this.#names.all({ service, from, to: `${prefix}${LAST}`, limit }));
  }

  close(): void {
    this.#connection.close();
  }
}

/** A reader that opens the file at the first question and again where it was moved; `close` ends it. */
export function createCatalogReader(options: OpenLedgerOptions): CatalogReader & { close(): void } {
  const file = keepFile({
    path: options.path,
    open: () => openLedger(options),
    wrap: (connection) => new SqliteLedgerCatalog(connection),
    watches: "at-times",
  });
  return {
    listRepositories: async (service, range) => file.use().listRepositories(service, range),
    close: () => {
      file.close();
    },
  };
}
