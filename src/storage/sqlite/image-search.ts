// Images by filter, in order, a page at a time: the indexes on repository, literal prefix and subject do the work.
import { subjectKey } from "../../domain/image.js";
import { mayOverlap } from "../../domain/image-overlap.js";
import { isLiteral, literalPrefix, type ImagePattern } from "../../domain/image-pattern.js";
import type { ImageFilter, ImageSorting } from "../../domain/listing.js";
import type { ImageQuery } from "../../domain/ports.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";
import { LAST, prefixesOf } from "./overlapping.js";
import { readImage, type ImageRow } from "./rows.js";

interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

const ORDERS: Readonly<Record<ImageSorting, string>> = {
  name: "repository, tag, service",
  registered: "registered_at DESC, id DESC",
  size: "size IS NULL, size DESC, repository, tag, service",
};

/** Where images that can name the same as the pattern lie; whether they really can is seen row by row. */
function nearby({ repository }: ImagePattern): Condition {
  const prefix = literalPrefix(repository);
  const shorter = "literal_prefix IN (SELECT value FROM json_each(?))";
  const prefixes = JSON.stringify(prefixesOf(prefix));
  if (isLiteral(repository)) {
    const sql = `(is_pattern = 0 AND repository = ? OR is_pattern = 1 AND ${shorter})`;
    return { sql, values: [repository, prefixes] };
  }
  return {
    sql: `(is_pattern = 0 AND repository >= ? AND repository < ? OR is_pattern = 1 AND ${shorter}
      OR is_pattern = 1 AND literal_prefix > ? AND literal_prefix < ?)`,
    values: [prefix, prefix + LAST, prefixes, prefix, prefix + LAST],
  };
}

function conditionsOf(filter: ImageFilter, now: EpochSeconds): readonly Condition[] {
  const { subjects, service, isExclusive, prefix, overlapping } = filter;
  const conditions: Condition[] = [];
  if (subjects !== undefined) {
    const keys = JSON.stringify(subjects.map(subjectKey));
    const named = `SELECT image_id FROM image_grant WHERE subject IN (SELECT value FROM json_each(?))
      AND (expires_at IS NULL OR expires_at > ?)`;
    conditions.push({ sql: `id IN (${named})`, values: [keys, now] });
  }
  if (service !== undefined) conditions.push({ sql: "service IN ('', ?)", values: [service] });
  if (isExclusive !== undefined) {
    conditions.push({ sql: "is_exclusive = ?", values: [Number(isExclusive)] });
  }
  if (prefix !== undefined) {
    const values = [prefix, prefix + LAST];
    conditions.push({ sql: "repository >= ? AND repository < ?", values });
  }
  if (overlapping !== undefined) conditions.push(nearby(overlapping));
  return conditions;
}

/** The statements of a search with their values, exported so that a test can look at their query plans. */
export function imageSearchSql(
  filter: ImageFilter,
  order: ImageSorting,
  now: EpochSeconds,
): { readonly rows: string; readonly count: string; readonly values: readonly unknown[] } {
  const conditions = conditionsOf(filter, now);
  const where = ["1", ...conditions.map(({ sql }) => sql)].join(" AND ");
  return {
    rows: `SELECT * FROM image WHERE ${where} ORDER BY ${ORDERS[order]}`,
    count: `SELECT count(*) FROM image WHERE ${where}`,
    values: conditions.flatMap((condition) => condition.values),
  };
}

/** One page and the number of all. A pattern is compared row by row; without one SQLite cuts the page itself. */
export function searchImageRows(
  connection: Connection,
  query: ImageQuery,
  now: EpochSeconds,
): { readonly rows: readonly ImageRow[]; readonly total: number } {
  const { filter, order, page } = query;
  const sql = imageSearchSql(filter, order, now);
  const { values } = sql;
  const { overlapping } = filter;
  if (overlapping !== undefined) {
    const found = connection
      .prepare<unknown[], ImageRow>(sql.rows)
      .all(...values)
      .filter((row) => mayOverlap(readImage(row).pattern, overlapping));
    const end = page.limit === null ? found.length : page.offset + page.limit;
    return { rows: found.slice(page.offset, end), total: found.length };
  }
  const total =
    connection
      .prepare<unknown[], number>(sql.count)
      .pluck()
      .get(...values) ?? 0;
  const rows = connection
    .prepare<unknown[], ImageRow>(`${sql.rows} LIMIT ? OFFSET ?`)
    .all(...values, page.limit ?? -1, page.offset);
  return { rows, total };
}
