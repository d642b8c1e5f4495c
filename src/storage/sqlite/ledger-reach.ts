// Which tags reach a digest, straight or through indexes: indexed reads, bounded in depth and number.
import type { DigestReach } from "../../domain/ledger.js";
import type { Connection } from "./connection.js";

/** Indexes within indexes; real ones have one level. */
const DEPTH_MAX = 4;
/** Ways up from one digest; beyond it the answer says that there are more (hasUntaggedParent). */
export const WAYS_MAX = 2000;

/** `is_live`: no manifest on the way was deleted. `@depth`: how far up the parents must be indexes. */
function upFrom(start: string): string {
  return `
  WITH RECURSIVE up (digest, depth, is_live) AS (
    ${start}
    UNION
    SELECT r.parent, up.depth + 1, up.is_live AND m.deleted_us IS NULL
    FROM up
    CROSS JOIN ledger_reference r INDEXED BY ledger_reference_by_child
      ON r.repository_id = @repository AND r.child = up.digest
    CROSS JOIN ledger_manifest m ON m.repository_id = @repository AND m.digest = r.parent
    WHERE up.depth BETWEEN 0 AND ${DEPTH_MAX - 1} AND r.is_manifest = 1
    LIMIT ${WAYS_MAX + 1}
  )`;
}

/** The digest itself has depth 0. */
const FROM_MANIFEST = upFrom("SELECT @digest, 0, 1");
/** Manifests that name the blob have depth 0. */
const FROM_BLOB = upFrom(`
    SELECT b.parent, 0, bm.deleted_us IS NULL
    FROM ledger_reference b INDEXED BY ledger_reference_by_child
    CROSS JOIN ledger_manifest bm ON bm.repository_id = @repository AND bm.digest = b.parent
    WHERE b.repository_id = @repository AND b.child = @digest AND b.is_manifest = 0`);

/** One row a way: its manifest, its tags now (JSON), its tags once (JSON), whether it is an untagged root. */
function reach(up: string): string {
  return `${up}
  SELECT up.digest, up.depth, up.is_live,
    (SELECT json_group_array(t.tag) FROM ledger_tag t INDEXED BY ledger_tag_by_digest
      WHERE t.repository_id = @repository AND t.digest = up.digest) AS tags,
    (SELECT json_group_array(p.tag) FROM ledger_past_tag p
      WHERE p.repository_id = @repository AND p.digest = up.digest) AS past_tags,
    EXISTS (SELECT 1 FROM ledger_reference r INDEXED BY ledger_reference_by_child
      CROSS JOIN ledger_manifest m ON m.repository_id = @repository AND m.digest = r.parent
      WHERE r.repository_id = @repository AND r.child = up.digest AND r.is_manifest = 1
        AND m.deleted_us IS NULL) AS has_parent
  FROM up`;
}

/** Named for the test of their plans. */
export const REACH_OF_MANIFEST = reach(FROM_MANIFEST);
export const REACH_OF_BLOB = reach(FROM_BLOB);
export const MANIFEST_BY_DIGEST =
  "SELECT deleted_us, pushed_us, pushed_by FROM ledger_manifest WHERE repository_id = @repository AND digest = @digest";

interface WayRow {
  readonly digest: string;
  readonly depth: number;
  readonly is_live: number;
  readonly tags: string;
  readonly past_tags: string;
  readonly has_parent: number;
}

interface ManifestRow {
  readonly deleted_us: number | null;
  readonly pushed_us: number | null;
  readonly pushed_by: string | null;
}

/** Throws SqliteError. */
export class LedgerReach {
  readonly #ofManifest;
  readonly #ofBlob;
  readonly #manifest;

  constructor(connection: Connection) {
    this.#ofManifest = connection.prepare<[object], WayRow>(REACH_OF_MANIFEST);
    this.#ofBlob = connection.prepare<[object], WayRow>(REACH_OF_BLOB);
    this.#manifest = connection.prepare<[object], ManifestRow>(MANIFEST_BY_DIGEST);
  }

  find(repository: number, digest: string): DigestReach {
    const ways = this.#ofManifest.all({ repository, digest });
    const row = this.#manifest.get({ repository, digest });
    const parents = ways.filter(({ depth, is_live }) => depth > 0 && is_live === 1);
    // Known by an index alone: pushed before anybody listened.
    const isKnown = row === undefined ? parents.length > 0 : row.deleted_us === null;
    const pushedBy = row?.pushed_by ?? "";
    return {
      isKnown,
      ...tagsOf(ways),
      hasUntaggedParent: ways.length > WAYS_MAX || parents.some(isUntaggedRoot),
      pushedBy: pushedBy === "" ? null : pushedBy,
    };
  }

  findBlob(repository: number, digest: string): DigestReach {
    const ways = this.#ofBlob.all({ repository, digest });
    const live = ways.filter(({ is_live }) => is_live === 1);
    return {
      isKnown: live.length > 0,
      ...tagsOf(ways),
      hasUntaggedParent: ways.length > WAYS_MAX || live.some(isUntaggedRoot),
      pushedBy: this.#lastPusher(repository, live),
    };
  }

  /** Of the manifests that name the blob themselves. */
  #lastPusher(repository: number, ways: readonly WayRow[]): string | null {
    let last: ManifestRow | null = null;
    for (const { digest, depth } of ways) {
      if (depth > 0) continue;
      const row = this.#manifest.get({ repository, digest });
      if (row !== undefined && (row.pushed_us ?? 0) >= (last?.pushed_us ?? 0)) last = row;
    }
    const pushedBy = last?.pushed_by ?? "";
    return pushedBy === "" ? null : pushedBy;
  }
}

/** No tag leads to it, and nothing above it could have one. */
const isUntaggedRoot = ({ tags, has_parent }: WayRow): boolean => tags === "[]" && has_parent === 0;

function tagsOf(ways: readonly WayRow[]): Pick<DigestReach, "tags" | "pastTags"> {
  const tags = new Set<string>();
  const past = new Set<string>();
  for (const way of ways) {
    const current = JSON.parse(way.tags) as readonly string[];
    for (const tag of current) (way.is_live === 1 ? tags : past).add(tag);
    for (const tag of JSON.parse(way.past_tags) as readonly string[]) past.add(tag);
  }
  return {
    tags: [...tags].sort(),
    pastTags: [...past].filter((tag) => !tags.has(tag)).sort(),
  };
}
