// The hot path's read: images that match a repository, with the grants that name the requester; indexed seeks only.
import type { GrantedImage } from "../../domain/image.js";
import { matchesRepository } from "../../domain/image-pattern.js";
import type { NamedRepositories, PolicyReader } from "../../domain/policy-reader.js";
import type { EpochSeconds } from "../../domain/time.js";
import { run, type Connection } from "./connection.js";
import type { FileWatch } from "./file-watch.js";
import { prefixesOf } from "./overlapping.js";
import { readGrant, readImage, type GrantRow, type ImageRow } from "./rows.js";

/** The statements, exported so that a test can look at their query plans. */
export const POLICY_SQL = {
  literals: "SELECT * FROM image WHERE repository = ? AND is_pattern = 0 AND service IN ('', ?)",
  patterns: `SELECT * FROM image WHERE is_pattern = 1 AND literal_prefix IN (SELECT value FROM json_each(?))
     AND service IN ('', ?)`,
  grants: `SELECT g.*, coalesce(a.name, ag.name) AS name FROM image_grant g
     LEFT JOIN account a ON a.id = g.account_id LEFT JOIN account_group ag ON ag.id = g.group_id
     WHERE g.image_id = ? AND g.subject IN (SELECT value FROM json_each(?))
     AND (g.expires_at IS NULL OR g.expires_at > ?)`,
  named: `SELECT DISTINCT i.repository FROM image_grant g CROSS JOIN image i ON i.id = g.image_id
     WHERE g.subject IN (SELECT value FROM json_each(?)) AND (g.expires_at IS NULL OR g.expires_at > ?)
     AND i.service IN ('', ?)`,
} as const;

export class SqlitePolicyReader implements PolicyReader, NamedRepositories {
  readonly #checkFile: FileWatch;
  readonly #literals;
  readonly #patterns;
  readonly #grants;
  readonly #named;

  constructor(connection: Connection, checkFile: FileWatch) {
    this.#checkFile = checkFile;
    this.#literals = connection.prepare<[string, string], ImageRow>(POLICY_SQL.literals);
    this.#patterns = connection.prepare<[string, string], ImageRow>(POLICY_SQL.patterns);
    this.#grants = connection.prepare<[number, string, number], GrantRow>(POLICY_SQL.grants);
    this.#named = connection.prepare<[string, number, string], string>(POLICY_SQL.named).pluck();
  }

  async findMatching(
    service: string,
    repository: string,
    subjects: readonly string[],
    now: EpochSeconds,
  ): Promise<readonly GrantedImage[]> {
    return run(() => {
      this.#checkFile("at-times");
      const patterns = this.#patterns
        .all(JSON.stringify(prefixesOf(repository)), service)
        .filter((row) => matchesRepository(row.repository, repository));
      const wanted = JSON.stringify(subjects);
      return [...this.#literals.all(repository, service), ...patterns].map((row) => ({
        ...readImage(row),
        grants: this.#grants.all(row.id, wanted, now).map(readGrant),
      }));
    });
  }

  async listNamed(
    service: string,
    subjects: readonly string[],
    now: EpochSeconds,
  ): Promise<readonly string[]> {
    return run(() => {
      this.#checkFile("at-times");
      return this.#named.all(JSON.stringify(subjects), now, service);
    });
  }
}
