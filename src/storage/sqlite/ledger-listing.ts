// Looking at the ledger: lists, one repository's content, what is still needed. Changes nothing.
import type { Reference, RepositoryPlace } from "../../domain/ledger.js";
import type {
  HeldContent,
  HeldQuery,
  KnownManifest,
  LedgerListing,
  PullCounts,
} from "../../domain/ledger-listing.js";
import type { EpochSeconds } from "../../domain/time.js";
import { run, type Connection } from "./connection.js";
import { listHeld } from "./ledger-held.js";
import {
  NO_PULLS,
  readManifest,
  readTag,
  toLastPull,
  toSecondsOrNull,
  type ManifestRow,
  type ReferenceRow,
  type RepositoryRow,
  type TagRow,
} from "./ledger-rows.js";

/** Pulls alone: notifications may have been told to leave them out. Those long ago are forgotten, but not each tag's last one. */
const BEGINS = `SELECT min(at) FROM (
  SELECT min(p.last_at) AS at FROM ledger_repository r JOIN ledger_last_pull p ON p.repository_id = r.id
    WHERE @service IS NULL OR r.service = @service
  UNION ALL SELECT min(p.last_at) FROM ledger_repository r JOIN ledger_pull p ON p.repository_id = r.id
    WHERE @service IS NULL OR r.service = @service)`;

const PULL_COUNTS = `
  SELECT tag, sum(iif(method = 'GET', count, 0)) AS pulls, sum(iif(method = 'GET', 0, count)) AS looks
  FROM ledger_pull INDEXED BY ledger_pull_by_repository WHERE repository_id = ? GROUP BY tag`;

/** `child`, `digest`: how the columns are written in the condition; with a plus they are not looked up in an index. */
const neededSql = (child: string, digest: string): string => `
  SELECT DISTINCT x.child AS digest, x.parent AS parent, r.name AS name
  FROM ledger_repository r JOIN ledger_reference x ON x.repository_id = r.id
  JOIN ledger_manifest m ON m.repository_id = x.repository_id AND m.digest = x.parent
  WHERE r.service = @service AND m.deleted_us IS NULL AND ${child} IN (SELECT value FROM json_each(@digests))
  UNION ALL
  SELECT m.digest, m.digest, r.name FROM ledger_repository r JOIN ledger_manifest m ON m.repository_id = r.id
  WHERE r.service = @service AND m.deleted_us IS NULL AND ${digest} IN (SELECT value FROM json_each(@digests))`;

/** Looks for each digest in each repository. */
const NEEDED_OF_FEW = neededSql("x.child", "m.digest");
/** Reads every reference once: thousands of digests are not looked for in each of thousands of repositories. */
const NEEDED_OF_MANY = neededSql("+x.child", "+m.digest");
const FEW_DIGESTS = 50;

export class SqliteLedgerListing implements LedgerListing {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async list(query: HeldQuery): ReturnType<LedgerListing["list"]> {
    return listHeld(this.#connection, query);
  }

  async find(service: string | null, repository: string): Promise<readonly HeldContent[]> {
    return run(() =>
      this.#connection
        .prepare<[object], RepositoryRow>(
          "SELECT * FROM ledger_repository WHERE name = @repository AND (@service IS NULL OR service = @service) ORDER BY service",
        )
        .all({ service, repository })
        .map((row) => this.#readContent(row)),
    );
  }

  async listNames(service: string): Promise<readonly string[]> {
    return run(() =>
      this.#connection
        .prepare<[string], string>(
          "SELECT name FROM ledger_repository WHERE service = ? ORDER BY name",
        )
        .pluck()
        .all(service),
    );
  }

  async count(): Promise<number> {
    return run(() => this.#number("SELECT count(*) FROM ledger_repository", {}) ?? 0);
  }

  async beginsAt(service: string | null): Promise<EpochSeconds | null> {
    return run(() => this.#number(BEGINS, { service }));
  }

  async listKnown({
    service,
    repository,
  }: RepositoryPlace): Promise<ReadonlyMap<string, KnownManifest>> {
    return run(() => {
      const id = this.#idOf(service, repository);
      if (id === null) return new Map();
      const rows = this.#manifestsOf(id).filter(({ is_complete }) => is_complete === 1);
      const children = new Map<string, string[]>(rows.map(({ digest }) => [digest, []]));
      for (const { parent, child, is_manifest } of this.#referencesOf(id)) {
        if (is_manifest === 1) children.get(parent)?.push(child);
      }
      return new Map(
        rows.map(({ digest, created }) => [
          digest,
          { children: children.get(digest) ?? [], hasCreated: created !== null },
        ]),
      );
    });
  }

  async findStillNeeded(
    service: string,
    digests: readonly string[],
    gone: readonly { readonly repository: string; readonly digests: readonly string[] }[],
  ): Promise<ReadonlySet<string>> {
    const left = new Map(gone.map(({ repository, digests: some }) => [repository, new Set(some)]));
    const sql = digests.length <= FEW_DIGESTS ? NEEDED_OF_FEW : NEEDED_OF_MANY;
    return run(() => {
      const rows = this.#connection
        .prepare<
          [object],
          { readonly digest: string; readonly parent: string; readonly name: string }
        >(sql)
        .iterate({ service, digests: JSON.stringify(digests) });
      const needed = new Set<string>();
      for (const { digest, parent, name } of rows) {
        if (left.get(name)?.has(parent) !== true) needed.add(digest);
      }
      return needed;
    });
  }

  async countIncomplete(service: string): Promise<number> {
    const sql =
      "SELECT count(*) FROM ledger_repository r JOIN ledger_manifest m ON m.repository_id = r.id WHERE r.service = @service AND m.deleted_us IS NULL AND m.is_complete = 0";
    return run(() => this.#number(sql, { service }) ?? 0);
  }

  #number(sql: string, values: object): number | null {
    return this.#connection.prepare<[object], number | null>(sql).pluck().get(values) ?? null;
  }

  #idOf(service: string, repository: string): number | null {
    const sql = "SELECT id FROM ledger_repository WHERE service = @service AND name = @repository";
    return this.#number(sql, { service, repository });
  }

  #manifestsOf(id: number): readonly ManifestRow[] {
    return this.#connection
      .prepare<[number], ManifestRow>(
        "SELECT * FROM ledger_manifest WHERE repository_id = ? AND deleted_us IS NULL",
      )
      .all(id);
  }

  #referencesOf(id: number): readonly ReferenceRow[] {
    return this.#connection
      .prepare<[number], ReferenceRow>("SELECT * FROM ledger_reference WHERE repository_id = ?")
      .all(id);
  }

  /** By tag; under "" those of a digest that no single tag explains. */
  #countPulls(id: number): ReadonlyMap<string, PullCounts> {
    const rows = this.#connection
      .prepare<[number], PullCounts & { readonly tag: string }>(PULL_COUNTS)
      .all(id);
    return new Map(rows.map(({ tag, pulls, looks }) => [tag, { pulls, looks }]));
  }

  #readContent(row: RepositoryRow): HeldContent {
    const counts = this.#countPulls(row.id);
    const tags = this.#connection
      .prepare<[number], TagRow>(
        `SELECT t.tag, t.digest, t.changed_us, t.pushed_by, p.last_at, p.account FROM ledger_tag t
         LEFT JOIN ledger_last_pull p ON p.repository_id = t.repository_id AND p.tag = t.tag
         WHERE t.repository_id = ? AND t.digest IS NOT NULL ORDER BY t.tag`,
      )
      .all(row.id);
    const digestPull = this.#connection
      .prepare<[number], { readonly last_at: number; readonly account: string }>(
        "SELECT last_at, account FROM ledger_last_pull WHERE repository_id = ? AND tag = ''",
      )
      .get(row.id);
    const references = new Map<string, Reference[]>();
    for (const { parent, child, media_type: mediaType, size } of this.#referencesOf(row.id)) {
      const found = references.get(parent) ?? [];
      if (found.length === 0) references.set(parent, found);
      found.push({ digest: child, mediaType, size });
    }
    return {
      service: row.service,
      repository: row.name,
      seenAt: row.seen_at,
      readAt: toSecondsOrNull(row.read_us),
      tags: tags.map((tag) => readTag(tag, counts.get(tag.tag))),
      manifests: new Map(
        this.#manifestsOf(row.id).map((one) => [
          one.digest,
          readManifest(one, references.get(one.digest) ?? []),
        ]),
      ),
      digestPull: toLastPull(digestPull?.last_at ?? null, digestPull?.account ?? null),
      digestCounts: counts.get("") ?? NO_PULLS,
    };
  }
}
