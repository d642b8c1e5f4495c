// Counts pulls by day, repository, tag, account and method, and keeps the last one of each tag.
import type { PullNote } from "../../domain/ledger.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";

/** Rows of one repository a day, beyond which only tags that the ledger knows have rows of their own: clients make names up. */
export const UNKNOWN_TAGS_MAX = 2000;
const SECONDS_PER_DAY = 86_400;

const COUNT_PULL = `
  INSERT INTO ledger_pull (day, repository_id, tag, account, method, count, last_at)
  VALUES (@day, @repository, @tag, @account, @method, @count, @at)
  ON CONFLICT DO UPDATE SET count = count + excluded.count, last_at = max(last_at, excluded.last_at)`;
const LAST_PULL = `
  INSERT INTO ledger_last_pull (repository_id, tag, last_at, account) VALUES (@repository, @tag, @at, @account)
  ON CONFLICT DO UPDATE SET last_at = excluded.last_at, account = excluded.account
  WHERE excluded.last_at >= last_at`;
const HAS_ROOM = `
  SELECT EXISTS (SELECT 1 FROM ledger_tag WHERE repository_id = @repository AND tag = @tag AND digest IS NOT NULL)
    OR (SELECT count(*) FROM (SELECT 1 FROM ledger_pull WHERE day = @day AND repository_id = @repository
      LIMIT ${UNKNOWN_TAGS_MAX})) < ${UNKNOWN_TAGS_MAX}`;
const HAS_PULL = `
  SELECT EXISTS (SELECT 1 FROM ledger_pull INDEXED BY ledger_pull_by_repository
    WHERE repository_id = ? AND account = ? AND last_at >= ?)`;

/** Statements for use within a transaction; they throw SqliteError. */
export class LedgerPulls {
  readonly #count;
  readonly #last;
  readonly #hasRoom;
  readonly #hasPull;

  constructor(connection: Connection) {
    this.#count = connection.prepare(COUNT_PULL);
    this.#last = connection.prepare(LAST_PULL);
    this.#hasRoom = connection.prepare<[object], number>(HAS_ROOM).pluck();
    this.#hasPull = connection.prepare<[number, string, number], number>(HAS_PULL).pluck();
  }

  /** A look by tag keeps an image in use: docker does no more where its copy is up to date. */
  note(
    repository: number,
    { tag, account, method, at, count = 1 }: Omit<PullNote, "service" | "digest">,
  ): void {
    const day = Math.floor(at / SECONDS_PER_DAY);
    const kept = tag !== null && this.#hasRoom.get({ repository, tag, day }) === 1 ? tag : "";
    const bound = { repository, tag: kept, account, method, at, day, count };
    this.#count.run(bound);
    if (method === "GET" || tag !== null) this.#last.run(bound);
  }

  hasPull(repository: number, account: string, since: EpochSeconds): boolean {
    return this.#hasPull.get(repository, account, since) === 1;
  }
}
