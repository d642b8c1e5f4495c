// Reads the sums of tokens and refusals that activity-store.ts has written.
import {
  SECONDS_PER_HOUR,
  type ActivityFilter,
  type ActivityLog,
  type Followed,
  type RefusalSum,
  type Sum,
  type TokenSum,
} from "../../domain/activity.js";
import { isLiteral, matchesRepository, matchesTag } from "../../domain/image-pattern.js";
import type { ActivitySummary } from "../../domain/activity-summary.js";
import type { LastUse } from "../../domain/activity-uses.js";
import type { EpochSeconds } from "../../domain/time.js";
import { ADDRESS_WORDS, REFUSAL_WORDS, TOKEN_WORDS } from "./activity-columns.js";
import { SqliteActivityStore } from "./activity-store.js";
import { summarizeActivity } from "./activity-summary.js";
import { run, type Connection } from "./connection.js";

type Row = Readonly<Record<string, number | string | null>>;

const NUMBERS = "hour, count, first_at, last_at, other_count, batch";

/** Each number of a word becomes the word. */
function select(table: string, words: readonly string[], more: string): string {
  const texts = words.map((name) => `(SELECT text FROM word WHERE id = ${name}) AS ${name}`);
  return `SELECT ${NUMBERS}, ${more}, ${texts.join(", ")} FROM ${table}`;
}
const SELECT_TOKENS = select(
  "token_sum",
  [...TOKEN_WORDS, ...ADDRESS_WORDS],
  "account_id, account IS NULL AS is_rest",
);
const SELECT_REFUSALS = select(
  "refusal_sum",
  [...REFUSAL_WORDS, ...ADDRESS_WORDS],
  "reference, tried IS NULL AS is_rest",
);
const NEWEST_FIRST = "ORDER BY hour DESC, last_at DESC, number DESC LIMIT @limit";

export class SqliteActivityLog implements ActivityLog {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async listTokens(filter: ActivityFilter): Promise<readonly TokenSum[]> {
    const where = this.#where(filter, "account");
    const rows = await this.#all(`${SELECT_TOKENS} ${where} ${NEWEST_FIRST}`, filter);
    return rows.reverse().map(readToken);
  }

  async listRefusals(filter: ActivityFilter): Promise<readonly RefusalSum[]> {
    const where = this.#where(filter, "tried");
    const rows = await this.#all(`${SELECT_REFUSALS} ${where} ${NEWEST_FIRST}`, filter);
    return rows.reverse().map(readRefusal);
  }

  async findRefusals(reference: number): Promise<readonly RefusalSum[]> {
    const sql = `${SELECT_REFUSALS} WHERE reference = @reference ORDER BY hour`;
    return (await this.#all(sql, { reference })).map(readRefusal);
  }

  async follow(after: number | null): Promise<Followed> {
    const batch = run(() =>
      this.#connection.prepare<[], number>("SELECT number FROM batch").pluck().get(),
    );
    if (batch === undefined || after === null || batch === after) {
      return { batch: batch ?? 0, tokens: [], refusals: [] };
    }
    // Hours before the lowest that was written since need not be looked at.
    const recent = "WHERE hour >= @hour AND batch > @after ORDER BY batch, last_at";
    const hour = run(() =>
      this.#connection
        .prepare<[number], number | null>("SELECT min(hour) FROM batch_hour WHERE batch > ?")
        .pluck()
        .get(after),
    );
    if (hour === null || hour === undefined) return { batch, tokens: [], refusals: [] };
    const tokens = await this.#all(`${SELECT_TOKENS} ${recent}`, { after, hour });
    const refusals = await this.#all(`${SELECT_REFUSALS} ${recent}`, { after, hour });
    return { batch, tokens: tokens.map(readToken), refusals: refusals.map(readRefusal) };
  }

  async endsAt(): Promise<EpochSeconds | null> {
    const newest = (table: string): string =>
      `SELECT hour * ${SECONDS_PER_HOUR} + max(last_at) AS at FROM ${table} WHERE hour = (SELECT max(hour) FROM ${table})`;
    const sql = `SELECT max(at) AS at FROM (${newest("token_sum")} UNION ALL ${newest("refusal_sum")})`;
    const [row] = await this.#all(sql, {});
    return typeof row?.["at"] === "number" ? row["at"] : null;
  }

  async lastUses(): Promise<ReadonlyMap<number, EpochSeconds>> {
    const rows = await this.#all("SELECT account_id, last_at FROM account_use", {});
    return new Map(rows.map((row) => [Number(row["account_id"]), Number(row["last_at"])]));
  }

  async lastUseOf(accountId: number): Promise<EpochSeconds | null> {
    const sql = "SELECT last_at FROM account_use WHERE account_id = @accountId";
    const [row] = await this.#all(sql, { accountId });
    return row === undefined ? null : Number(row["last_at"]);
  }

  async visitImageUses(visit: (use: LastUse) => void): Promise<void> {
    const sql = "SELECT account_id, image, last_at FROM image_use";
    run(() => {
      for (const row of this.#connection.prepare<[], Row>(sql).iterate()) {
        const accountId = Number(row["account_id"]);
        visit({ accountId, image: text(row, "image"), lastAt: Number(row["last_at"]) });
      }
    });
  }

  async summarize(since: EpochSeconds, top: number): Promise<ActivitySummary> {
    return run(() => summarizeActivity(this.#connection, since, top));
  }

  async prune(
    before: EpochSeconds,
    now: EpochSeconds,
    onHour: (rows: number) => void,
  ): Promise<number> {
    const store = new SqliteActivityStore(this.#connection);
    let total = 0;
    for (;;) {
      const rows = await store.pruneHour(before, now);
      if (rows === null) return total;
      total += rows;
      onHour(total);
    }
  }

  async beginsAt(): Promise<EpochSeconds | null> {
    const sql =
      "SELECT max((SELECT min(applied_at) FROM migration), (SELECT up_to FROM forgotten)) AS at";
    const [row] = await this.#all(sql, {});
    return typeof row?.["at"] === "number" ? row["at"] : null;
  }

  async #all(sql: string, bound: object): Promise<Row[]> {
    return run(() => this.#connection.prepare<[object], Row>(sql).all(bound));
  }

  #where(
    { account, image, service, since, until }: ActivityFilter,
    who: "account" | "tried",
  ): string {
    const start = `hour * ${SECONDS_PER_HOUR}`;
    const conditions = [
      ...(account === null ? [] : [`${who} = (SELECT id FROM word WHERE text = @account)`]),
      ...(image === null ? [] : [`image IN (${this.#findImageWords(image).join(", ")})`]),
      ...(service === null ? [] : ["service = (SELECT id FROM word WHERE text = @service)"]),
      // The first narrows by the index, the second to the second.
      ...(since === null
        ? []
        : [`hour >= ${Math.floor(since / SECONDS_PER_HOUR)} AND ${start} + last_at >= @since`]),
      ...(until === null
        ? []
        : [`hour <= ${Math.floor(until / SECONDS_PER_HOUR)} AND ${start} + first_at < @until`]),
    ];
    return conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  }

  /** Numbers of what the pattern names: repositories, of which tokens are made, and single tags, which the gate refuses. */
  #findImageWords(pattern: NonNullable<ActivityFilter["image"]>): readonly number[] {
    const { repository } = pattern;
    const ids: number[] = [];
    for (const { id, text } of this.#candidatesOf(repository)) {
      const at = text === CATALOG ? -1 : text.indexOf(":");
      const [name, tag] = at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
      const isNamed = matchesRepository(repository, name);
      if (isNamed && (tag === null || matchesTag(pattern.tag, tag))) ids.push(id);
    }
    return ids;
  }

  #candidatesOf(repository: string): Iterable<{ readonly id: number; readonly text: string }> {
    const words = "SELECT id, text FROM word";
    if (!isLiteral(repository)) {
      return this.#connection.prepare<[], { id: number; text: string }>(words).iterate();
    }
    // `;` follows `:`.
    return this.#connection
      .prepare<[string, string, string], { id: number; text: string }>(
        `${words} WHERE text = ? OR (text > ? AND text < ?)`,
      )
      .all(repository, `${repository}:`, `${repository};`);
  }
}

/** No tag of a repository. */
const CATALOG = "registry:catalog";

const text = (row: Row, name: string): string => String(row[name] ?? "");

function readSum(row: Row): Sum {
  const start = Number(row["hour"]) * SECONDS_PER_HOUR;
  return {
    count: Number(row["count"]),
    firstAt: start + Number(row["first_at"]),
    lastAt: start + Number(row["last_at"]),
    addresses: ADDRESS_WORDS.flatMap((name) => (row[name] === null ? [] : [text(row, name)])),
    otherCount: Number(row["other_count"]),
    isRest: row["is_rest"] === 1,
  };
}

function readToken(row: Row): TokenSum {
  return {
    account: text(row, "account"),
    accountId: typeof row["account_id"] === "number" ? row["account_id"] : null,
    credential: text(row, "credential"),
    service: text(row, "service"),
    image: text(row, "image"),
    actions: text(row, "actions"),
    ...readSum(row),
  };
}

function readRefusal(row: Row): RefusalSum {
  return {
    reference: Number(row["reference"]),
    tried: text(row, "tried"),
    credential: text(row, "credential"),
    service: text(row, "service"),
    image: text(row, "image"),
    asked: text(row, "asked"),
    given: text(row, "given"),
    reason: text(row, "reason"),
    path: text(row, "path"),
    program: text(row, "program"),
    ...readSum(row),
  };
}
