// The list of repositories that registries hold: each with its size, its tags and its last pull, in one query.
import type { HeldQuery, HeldRepository, HeldSorting } from "../../domain/ledger-listing.js";
import { run, type Connection } from "./connection.js";
import { toLastPull, toSecondsOrNull, type RepositoryRow } from "./ledger-rows.js";

interface HeldRow extends RepositoryRow {
  readonly tag_count: number;
  readonly unused_count: number;
  readonly size: number;
  readonly created: string | null;
  readonly changed_us: number | null;
  readonly pulled_at: number | null;
  readonly pulled_by: string | null;
}

/** A blob counts once in a repository, however many of its manifests name it. */
const SIZE = `
  coalesce((SELECT sum(size) FROM ledger_manifest WHERE repository_id = r.id AND deleted_us IS NULL), 0)
  + coalesce((SELECT sum(bytes) FROM (
      SELECT max(x.size) AS bytes FROM ledger_manifest m
      JOIN ledger_reference x ON x.repository_id = m.repository_id AND x.parent = m.digest
      WHERE m.repository_id = r.id AND m.deleted_us IS NULL AND x.is_manifest = 0
      GROUP BY x.child)), 0)`;

/** No push, no pull of the tag, and no pull by a digest that may have been the tag's. */
const UNUSED_COUNT = `
  CASE WHEN EXISTS (SELECT 1 FROM ledger_last_pull p
    WHERE p.repository_id = r.id AND p.tag = '' AND p.last_at >= @unusedSince) THEN 0
  ELSE (SELECT count(*) FROM ledger_tag t
    LEFT JOIN ledger_last_pull p ON p.repository_id = t.repository_id AND p.tag = t.tag
    WHERE t.repository_id = r.id AND t.digest IS NOT NULL
      AND t.changed_us < @unusedSince * 1000000 AND coalesce(p.last_at, 0) < @unusedSince) END`;

/** A repository of which everything was deleted stays known. */
const HOLDS = `(EXISTS (SELECT 1 FROM ledger_tag WHERE repository_id = r.id AND digest IS NOT NULL)
  OR EXISTS (SELECT 1 FROM ledger_manifest WHERE repository_id = r.id AND deleted_us IS NULL))`;

const PULLED_AT = "(SELECT max(last_at) FROM ledger_last_pull WHERE repository_id = r.id)";
const CREATED =
  "(SELECT max(created) FROM ledger_manifest WHERE repository_id = r.id AND deleted_us IS NULL)";

/** By columns of the answer: none is made twice. */
const ORDERS: Readonly<Record<HeldSorting, string>> = {
  name: "r.name, r.service",
  size: "size DESC, r.name, r.service",
  pulled: "pulled_at DESC NULLS LAST, r.name, r.service",
  created: "created DESC NULLS LAST, r.name, r.service",
};

const ROW = `r.*, ${SIZE} AS size, ${CREATED} AS created, ${PULLED_AT} AS pulled_at,
  (SELECT account FROM ledger_last_pull WHERE repository_id = r.id ORDER BY last_at DESC LIMIT 1) AS pulled_by,
  (SELECT count(*) FROM ledger_tag WHERE repository_id = r.id AND digest IS NOT NULL) AS tag_count,
  (SELECT max(changed_us) FROM ledger_tag WHERE repository_id = r.id AND digest IS NOT NULL) AS changed_us,
  CASE WHEN @unusedSince IS NULL THEN 0 ELSE (${UNUSED_COUNT}) END AS unused_count`;

/** One page, and how many there are in all. */
export async function listHeld(
  connection: Connection,
  { service, prefix, unusedSince, order, page }: HeldQuery,
): Promise<{ readonly repositories: readonly HeldRepository[]; readonly total: number }> {
  const conditions = [
    HOLDS,
    ...(service === null ? [] : ["r.service = @service"]),
    ...(prefix === null ? [] : ["substr(r.name, 1, length(@prefix)) = @prefix"]),
    ...(unusedSince === null ? [] : [`(${UNUSED_COUNT}) > 0`]),
  ];
  const where = `WHERE ${conditions.join(" AND ")}`;
  const values = { service, prefix, unusedSince };
  return run(() => {
    const total = connection
      .prepare<[object], number>(`SELECT count(*) FROM ledger_repository r ${where}`)
      .pluck()
      .get(values);
    const rows = connection
      .prepare<[object], HeldRow>(
        `SELECT ${ROW} FROM ledger_repository r ${where} ORDER BY ${ORDERS[order]} LIMIT @limit OFFSET @offset`,
      )
      .all({ ...values, limit: page.limit ?? -1, offset: page.offset });
    return { repositories: rows.map(readHeld), total: total ?? 0 };
  });
}

function readHeld(row: HeldRow): HeldRepository {
  return {
    service: row.service,
    repository: row.name,
    seenAt: row.seen_at,
    tagCount: row.tag_count,
    unusedCount: row.unused_count,
    size: row.size,
    created: row.created,
    changedAt: toSecondsOrNull(row.changed_us),
    lastPull: toLastPull(row.pulled_at, row.pulled_by),
  };
}
