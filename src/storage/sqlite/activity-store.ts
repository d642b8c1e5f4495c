// Writes sums of tokens and refusals in batches, and forgets the old ones; reading is activity-log.ts.
import type { ActivityBatch, HourClaims, SumRow } from "../../domain/activity-sums.js";
import {
  PATH_MAX,
  SECONDS_PER_HOUR,
  type RefusalSum,
  type Sum,
  type TokenSum,
} from "../../domain/activity.js";
import type { Statement } from "better-sqlite3";
import { ok } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import { countRefusalClaims, countTokenClaims } from "./activity-claims.js";
import { ADDRESS_WORDS, REFUSAL_WORDS, TOKEN_WORDS } from "./activity-columns.js";
import { ActivityUses, USES_MAX } from "./activity-uses.js";
import { run, write, type Connection } from "./connection.js";

/** What the file may grow to; then uses of images go, and the oldest hours that are over, however young they are. */
export const FILE_MAX_BYTES = 1_900_000_000;
/** Longer texts are cut: nothing that a stranger sends is stored whole without a bound. A path is ours. */
const TEXT_MAX = 256;

/** Batches whose hours are known to those who follow: some hours' worth. */
const BATCHES_MAX = 10_000;

type Bound = number | string | null;

const COUNTED = ["count", "first_at", "last_at", ...ADDRESS_WORDS, "other_count", "batch"];
const PLACE = ["hour", "writer", "number"];

function insertInto(table: string, columns: readonly string[]): string {
  const all = [...PLACE, ...columns, ...COUNTED];
  return `INSERT OR REPLACE INTO ${table} (${all.join(", ")}) VALUES (${all.map(() => "?").join(", ")})`;
}

const INSERT_WORD =
  "INSERT INTO word (text, last_hour) VALUES (?, ?) ON CONFLICT (text) DO UPDATE SET last_hour = max(last_hour, excluded.last_hour) RETURNING id";
const OLDEST_HOUR =
  "SELECT min(hour) FROM (SELECT min(hour) AS hour FROM token_sum UNION ALL SELECT min(hour) FROM refusal_sum)";

function prepareAll(connection: Connection) {
  const number = (sql: string): Statement<Bound[], number | null> =>
    connection.prepare<Bound[], number | null>(sql).pluck();
  return {
    insertToken: connection.prepare<Bound[]>(
      insertInto("token_sum", ["account_id", ...TOKEN_WORDS]),
    ),
    insertRefusal: connection.prepare<Bound[]>(
      insertInto("refusal_sum", ["reference", ...REFUSAL_WORDS]),
    ),
    insertWord: number(INSERT_WORD),
    noteHour: connection.prepare<Bound[]>("INSERT INTO batch_hour (batch, hour) VALUES (?, ?)"),
    forgetHours: connection.prepare<Bound[]>("DELETE FROM batch_hour WHERE batch <= ?"),
    nextBatch: number("UPDATE batch SET number = number + 1 RETURNING number"),
    oldestHour: number(OLDEST_HOUR),
    forget: connection.prepare<Bound[]>("UPDATE forgotten SET up_to = max(up_to, ?)"),
  };
}

export class SqliteActivityStore {
  readonly #connection: Connection;
  readonly #maxBytes: number;
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #uses: ActivityUses;
  /** Numbers of the words of one hour; forgotten when a batch fails, because its words were not written. */
  #words = new Map<string, number>();
  #wordsHour = -1;

  constructor(connection: Connection, maxBytes: number = FILE_MAX_BYTES, usesMax = USES_MAX) {
    this.#connection = connection;
    this.#maxBytes = maxBytes;
    this.#statements = prepareAll(connection);
    this.#uses = new ActivityUses(connection, usesMax);
  }

  /** Writes all rows or none. Throws StoreUnavailable. */
  async write(batch: ActivityBatch): Promise<void> {
    const { nextBatch } = this.#statements;
    try {
      await write(this.#connection, () => {
        const number = nextBatch.get() ?? 0;
        for (const row of batch.tokens) this.#writeToken(row, number);
        for (const row of batch.refusals) this.#writeRefusal(row, number);
        this.#noteHour(batch, number);
        this.#uses.write(batch.uses);
        return ok(null);
      });
    } catch (error) {
      this.#words = new Map();
      this.#uses.forgetCounts();
      throw error;
    }
  }

  /**
   * Forgets the oldest hour if it ended before `before`, or if the file is too large; then uses of images go first. The
   * hour of `now` and later ones always stay. Answers how many rows of sums went; null: there is nothing to forget.
   */
  async pruneHour(before: EpochSeconds, now: EpochSeconds): Promise<number | null> {
    const hour = run(() => this.#statements.oldestHour.get() ?? null);
    const end = hour === null ? Infinity : (hour + 1) * SECONDS_PER_HOUR;
    if (end > before) {
      if (!(await this.isTooLarge())) return null;
      const trimmed = await write(this.#connection, () => ok(this.#uses.trimOne()));
      if (trimmed.value) return 0;
    }
    if (hour === null || end > now) return null;
    const { forget } = this.#statements;
    const forgotten = await write(this.#connection, () => {
      const remove = (sql: string): number => this.#connection.prepare(sql).run(hour).changes;
      const tokens = remove("DELETE FROM token_sum WHERE hour <= ?");
      const refusals = remove("DELETE FROM refusal_sum WHERE hour <= ?");
      remove("DELETE FROM word WHERE last_hour <= ?");
      this.#uses.forgetBefore(Math.min(end, before));
      forget.run(end);
      return ok(tokens + refusals);
    });
    this.#words = new Map();
    return forgotten.value;
  }

  /** A question of microseconds: to be asked after each batch. */
  async isTooLarge(): Promise<boolean> {
    const read = (name: string): number => Number(this.#connection.pragma(name, { simple: true }));
    return run(
      () => (read("page_count") - read("freelist_count")) * read("page_size") > this.#maxBytes,
    );
  }

  /** What the hour has of each share already, whoever wrote it. */
  async countClaims(hour: number): Promise<HourClaims> {
    return run(() => ({
      tokens: countTokenClaims(this.#connection, hour),
      refusals: countRefusalClaims(this.#connection, hour),
    }));
  }

  /** Moves what was written from the log beside the file into the file itself, so that a power cut can't take it. */
  async checkpoint(): Promise<void> {
    run(() => this.#connection.pragma("wal_checkpoint(PASSIVE)"));
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #noteHour(batch: ActivityBatch, number: number): void {
    const hours = [...batch.tokens, ...batch.refusals].map(({ hour }) => hour);
    if (hours.length === 0) return;
    this.#statements.noteHour.run(number, Math.min(...hours));
    this.#statements.forgetHours.run(number - BATCHES_MAX);
  }

  #writeToken(row: SumRow<TokenSum>, batch: number): void {
    const words = TOKEN_WORDS.map((name) => this.#word(row, row.sum[name], TEXT_MAX));
    const { accountId } = row.sum;
    const { insertToken } = this.#statements;
    insertToken.run(...place(row), accountId, ...words, ...this.#counted(row), batch);
  }

  #writeRefusal(row: SumRow<RefusalSum>, batch: number): void {
    const words = REFUSAL_WORDS.map((name) =>
      this.#word(row, row.sum[name], name === "path" ? PATH_MAX : TEXT_MAX),
    );
    const { reference } = row.sum;
    const { insertRefusal } = this.#statements;
    insertRefusal.run(...place(row), reference, ...words, ...this.#counted(row), batch);
  }

  /** The text's number; null in the row for all the rest, which names nothing. */
  #word(row: SumRow<Sum>, text: string, most: number): number | null {
    return row.sum.isRest ? null : this.#numberOf(text.slice(0, most), row.hour);
  }

  #numberOf(text: string, hour: number): number {
    if (hour !== this.#wordsHour) this.#words = new Map();
    this.#wordsHour = hour;
    const known = this.#words.get(text);
    if (known !== undefined) return known;
    const number = this.#statements.insertWord.get(text, hour) ?? 0;
    this.#words.set(text, number);
    return number;
  }

  #counted({ hour, sum }: SumRow<Sum>): readonly Bound[] {
    const start = hour * SECONDS_PER_HOUR;
    const addresses = ADDRESS_WORDS.map((_name, at) => {
      const address = sum.addresses[at];
      return address === undefined ? null : this.#numberOf(address, hour);
    });
    const { count, firstAt, lastAt, otherCount } = sum;
    return [count, firstAt - start, lastAt - start, ...addresses, otherCount];
  }
}

function place({ hour, writer, number }: SumRow<Sum>): readonly number[] {
  return [hour, writer, number];
}
