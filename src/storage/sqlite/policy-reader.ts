// The hot path's read: images that match a repository, with the grants that name the requester; indexed seeks only.
import type { GrantedImage } from "../../domain/image.js";
import { keepByObject } from "../../domain/kept-values.js";
import { matchesRepository } from "../../domain/image-pattern.js";
import type { NamedRepositories, PolicyReader } from "../../domain/policy-reader.js";
import type { EpochSeconds } from "../../domain/time.js";
import { run, type Connection } from "./connection.js";
import type { FileWatch } from "./file-watch.js";
import { KeptReads } from "./kept-reads.js";
import { prefixesOf } from "./overlapping.js";
import { readGrant, readImage, type GrantRow, type ImageRow } from "./rows.js";

/** The statements, exported so that a test can look at their query plans. */
export const POLICY_SQL = {
  literals: "SELECT * FROM image WHERE repository = ? AND is_pattern = 0 AND service IN ('', ?)",
  patterns: `SELECT * FROM image WHERE is_pattern = 1 AND literal_prefix IN (SELECT value FROM json_each(?))
     AND service IN ('', ?)`,
  grants: `SELECT g.*, coalesce(a.name, ag.name) AS name FROM image_grant g
     LEFT JOIN account a ON a.id = g.account_id LEFT JOIN account_group ag ON ag.id = g.group_id
     WHERE g.image_id = ? AND g.subject IN (SELECT value FROM json_each(?))`,
  named: `SELECT DISTINCT i.repository FROM image_grant g CROSS JOIN image i ON i.id = g.image_id
     WHERE g.subject IN (SELECT value FROM json_each(?)) AND (g.expires_at IS NULL OR g.expires_at > ?)
     AND i.service IN ('', ?)`,
} as const;

/** What was read for a repository and some subjects, ended grants included, and what of it counts for a while. */
interface KeptImages {
  readonly all: readonly GrantedImage[];
  current: CurrentImages;
}

/** True of every second from `from` until just before `until`. */
interface CurrentImages {
  readonly images: readonly GrantedImage[];
  readonly from: EpochSeconds;
  readonly until: EpochSeconds;
}

export class SqlitePolicyReader implements PolicyReader, NamedRepositories {
  readonly #checkFile: FileWatch;
  readonly #literals;
  readonly #patterns;
  readonly #grants;
  readonly #named;
  readonly #kept: KeptReads<KeptImages>;

  constructor(connection: Connection, checkFile: FileWatch) {
    this.#checkFile = checkFile;
    this.#kept = new KeptReads(connection, ({ all }) => 1 + all.length);
    this.#literals = connection.prepare<[string, string], ImageRow>(POLICY_SQL.literals);
    this.#patterns = connection.prepare<[string, string], ImageRow>(POLICY_SQL.patterns);
    this.#grants = connection.prepare<[number, string], GrantRow>(POLICY_SQL.grants);
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
      const kept = this.#kept.get(`${service}\n${repository}\n${join(subjects).text}`, () => {
        const all = this.#read(service, repository, subjects);
        return { all, current: currentAt(all, now) };
      });
      const { from, until } = kept.current;
      if (now < from || now >= until) kept.current = currentAt(kept.all, now);
      return kept.current.images;
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

  #read(service: string, repository: string, subjects: readonly string[]): GrantedImage[] {
    const patterns = this.#patterns
      .all(JSON.stringify(prefixesOf(repository)), service)
      .filter((row) => matchesRepository(row.repository, repository));
    const wanted = JSON.stringify(subjects);
    return [...this.#literals.all(repository, service), ...patterns].map((row) => ({
      ...readImage(row),
      grants: this.#grants.all(row.id, wanted).map(readGrant),
    }));
  }
}

/** A requester's subjects are the same list each time. */
const join = keepByObject((subjects: readonly string[]) => ({ text: subjects.join("\n") }));

/** Without the grants that have ended at `now`. */
function currentAt(all: readonly GrantedImage[], now: EpochSeconds): CurrentImages {
  let from = -Infinity;
  let until = Infinity;
  for (const { grants } of all) {
    for (const { expiresAt } of grants) {
      if (expiresAt === null) continue;
      if (expiresAt <= now) from = Math.max(from, expiresAt);
      else until = Math.min(until, expiresAt);
    }
  }
  if (from === -Infinity && until === Infinity) return { images: all, from, until };
  const images = all.map((image) => ({
    ...image,
    grants: image.grants.filter(({ expiresAt }) => expiresAt === null || expiresAt > now),
  }));
  return { images, from, until };
}
