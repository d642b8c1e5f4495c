// What the ledger forgets: by age, and beyond bounds. Nothing a client can send makes it grow for ever.
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";

/** What is kept at most; of each kind the newest. */
export interface LedgerBounds {
  readonly acts: number;
  readonly events: number;
  readonly pulls: number;
  readonly repositories: number;
  /** Of one repository. */
  readonly pastTags: number;
  /** Deleted tags and deleted manifests, each: they only keep late notifications from counting. */
  readonly deleted: number;
  /** Manifests in all; those go that no tag names. */
  readonly manifests: number;
}

export const LEDGER_BOUNDS: LedgerBounds = {
  acts: 100_000,
  events: 1_000_000,
  pulls: 1_000_000,
  repositories: 200_000,
  pastTags: 100_000,
  deleted: 100_000,
  manifests: 1_000_000,
};

/** A registry that could not deliver for longer repeats nothing that we still know: times alone decide then. */
const EVENT_SECONDS = 7 * 86_400;
const SECONDS_PER_DAY = 86_400;
const MICROSECONDS = 1_000_000;

const FORGET: readonly (readonly [sql: string, bound: keyof LedgerBounds])[] = [
  [
    "DELETE FROM ledger_act WHERE at < @before OR id IN (SELECT id FROM ledger_act ORDER BY at DESC, id DESC LIMIT -1 OFFSET @most)",
    "acts",
  ],
  [
    "DELETE FROM ledger_event WHERE at < @eventsBefore OR id IN (SELECT id FROM ledger_event ORDER BY at DESC LIMIT -1 OFFSET @most)",
    "events",
  ],
  [
    `DELETE FROM ledger_pull WHERE day < @dayBefore OR day < (
      SELECT day FROM ledger_pull ORDER BY day DESC LIMIT 1 OFFSET @most)`,
    "pulls",
  ],
  [
    `DELETE FROM ledger_past_tag WHERE (repository_id, digest, tag) IN (
      SELECT repository_id, digest, tag FROM (
        SELECT repository_id, digest, tag, row_number() OVER (PARTITION BY repository_id ORDER BY until_us DESC) AS place
        FROM ledger_past_tag WHERE repository_id IN (
          SELECT repository_id FROM ledger_past_tag GROUP BY repository_id HAVING count(*) > @most))
      WHERE place > @most)`,
    "pastTags",
  ],
  [
    `DELETE FROM ledger_tag WHERE digest IS NULL AND (changed_us < @beforeUs OR (repository_id, tag) IN (
      SELECT repository_id, tag FROM ledger_tag WHERE digest IS NULL ORDER BY changed_us DESC LIMIT -1 OFFSET @most))`,
    "deleted",
  ],
];
const FORGET_MANIFESTS: readonly (readonly [sql: string, bound: keyof LedgerBounds])[] = [
  [
    `DELETE FROM ledger_manifest WHERE deleted_us IS NOT NULL AND (deleted_us < @beforeUs OR (repository_id, digest) IN (
      SELECT repository_id, digest FROM ledger_manifest WHERE deleted_us IS NOT NULL ORDER BY deleted_us DESC LIMIT -1 OFFSET @most))
    RETURNING repository_id, digest`,
    "deleted",
  ],
  [
    `DELETE FROM ledger_manifest WHERE (SELECT count(*) FROM ledger_manifest) > @most AND (repository_id, digest) IN (
      SELECT m.repository_id, m.digest FROM ledger_manifest m WHERE NOT EXISTS (
        SELECT 1 FROM ledger_tag t WHERE t.repository_id = m.repository_id AND t.digest = m.digest)
      AND NOT EXISTS (
        SELECT 1 FROM ledger_reference r WHERE r.repository_id = m.repository_id AND r.child = m.digest AND r.is_manifest = 1)
      ORDER BY m.pushed_us LIMIT max(0, (SELECT count(*) FROM ledger_manifest) - @most))
    RETURNING repository_id, digest`,
    "manifests",
  ],
];
/** What hung on manifests that went. */
const FORGET_REFERENCES = "DELETE FROM ledger_reference WHERE repository_id = ? AND parent = ?";
/** Of tags that are no longer known; of those that are, the last pull stays. */
const FORGET_LAST_PULLS = `
  DELETE FROM ledger_last_pull WHERE last_at < @before AND tag <> '' AND NOT EXISTS (
    SELECT 1 FROM ledger_tag t WHERE t.repository_id = ledger_last_pull.repository_id AND t.tag = ledger_last_pull.tag)`;
const FORGET_BYPASSES = "DELETE FROM ledger_bypass WHERE last_at < @before";

interface ManifestKey {
  readonly repository_id: number;
  readonly digest: string;
}

/** For use within a transaction; answers how many rows went. Throws SqliteError. */
export function pruneLedger(
  connection: Connection,
  { before, now }: { readonly before: EpochSeconds; readonly now: EpochSeconds },
  bounds: LedgerBounds,
): number {
  const times = {
    before,
    beforeUs: before * MICROSECONDS,
    dayBefore: Math.floor(before / SECONDS_PER_DAY),
    eventsBefore: now - EVENT_SECONDS,
  };
  let gone = 0;
  for (const [sql, bound] of FORGET) {
    gone += connection.prepare(sql).run({ ...times, most: bounds[bound] }).changes;
  }
  const forgetReferences = connection.prepare(FORGET_REFERENCES);
  for (const [sql, bound] of FORGET_MANIFESTS) {
    const rows = connection
      .prepare<[object], ManifestKey>(sql)
      .all({ ...times, most: bounds[bound] });
    for (const { repository_id, digest } of rows) {
      gone += 1 + forgetReferences.run(repository_id, digest).changes;
    }
  }
  for (const sql of [FORGET_LAST_PULLS, FORGET_BYPASSES]) {
    gone += connection.prepare(sql).run(times).changes;
  }
  return gone;
}
