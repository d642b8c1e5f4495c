// Takes over what a registry itself said of one repository; what notifications say happened later stands.
import type { Manifest, RepositorySnapshot } from "../../domain/ledger.js";
import type { Connection } from "./connection.js";
import { boundOf, type LedgerApply } from "./ledger-apply.js";

const SEE_MANIFEST = `
  INSERT INTO ledger_manifest (repository_id, digest, media_type, size, created, is_complete)
  VALUES (@repository, @digest, @mediaType, @size, @created, @isComplete)
  ON CONFLICT DO UPDATE SET
    media_type = iif(excluded.media_type = '', media_type, excluded.media_type),
    size = coalesce(excluded.size, size),
    created = coalesce(excluded.created, created),
    is_complete = max(is_complete, excluded.is_complete),
    deleted_us = iif(deleted_us > @readAt, deleted_us, NULL)`;
const COMPLETE_MANIFEST = `
  UPDATE ledger_manifest SET media_type = iif(@mediaType = '', media_type, @mediaType),
    size = coalesce(@size, size), created = coalesce(@created, created), is_complete = max(is_complete, @isComplete)
  WHERE repository_id = @repository AND digest = @digest`;
/** Children of indexes may be known by nothing but their parents. */
const ADD_CHILD = `
  INSERT OR IGNORE INTO ledger_manifest (repository_id, digest, media_type, is_complete)
  SELECT @repository, @digest, '', 0 WHERE EXISTS (
    SELECT 1 FROM ledger_reference WHERE repository_id = @repository AND child = @digest AND is_manifest = 1)`;

/** Statements for use within a transaction; they throw SqliteError. */
export class LedgerSnapshots {
  readonly #apply: LedgerApply;
  readonly #see;
  readonly #complete;
  readonly #addChild;
  readonly #readUs;
  readonly #noteRead;
  readonly #tags;

  constructor(connection: Connection, apply: LedgerApply) {
    this.#apply = apply;
    this.#see = connection.prepare(SEE_MANIFEST);
    this.#complete = connection.prepare(COMPLETE_MANIFEST);
    this.#addChild = connection.prepare(ADD_CHILD);
    this.#readUs = connection
      .prepare<[number], number | null>("SELECT read_us FROM ledger_repository WHERE id = ?")
      .pluck();
    this.#noteRead = connection.prepare("UPDATE ledger_repository SET read_us = ? WHERE id = ?");
    this.#tags = connection
      .prepare<[number, number], string>(
        "SELECT tag FROM ledger_tag WHERE repository_id = ? AND digest IS NOT NULL AND changed_us <= ?",
      )
      .pluck();
  }

  take(repository: number, { readAt, tags, manifests }: RepositorySnapshot): void {
    const given = new Set(manifests.map(({ digest }) => digest));
    const seen = [
      ...manifests,
      ...[...new Set(tags.values())].filter((digest) => !given.has(digest)).map(bareManifest),
    ];
    for (const manifest of seen) {
      this.#see.run({ repository, readAt, ...boundOf(manifest) });
      this.#apply.putReferences(repository, manifest);
    }
    if ((this.#readUs.get(repository) ?? 0) > readAt) return;
    this.#noteRead.run(readAt, repository);
    for (const [tag, digest] of tags) this.#takeTag(repository, [tag, digest], readAt);
    for (const tag of this.#tags.all(repository, readAt)) {
      if (!tags.has(tag)) this.#apply.deleteTag(repository, tag, readAt);
    }
  }

  complete(repository: number, manifests: readonly Manifest[]): void {
    for (const manifest of manifests) {
      this.#addChild.run({ repository, digest: manifest.digest });
      const { changes } = this.#complete.run({ repository, ...boundOf(manifest) });
      if (changes > 0) this.#apply.putReferences(repository, manifest);
    }
  }

  #takeTag(repository: number, [tag, digest]: readonly [string, string], readAt: number): void {
    const before = this.#apply.findTag(repository, tag);
    // NOTE: an equal digest keeps its time: the registry's clock may be behind ours, and its next push must count.
    if (before !== null && (before.changed_us > readAt || before.digest === digest)) return;
    if ((this.#apply.lastDelete(repository, digest) ?? 0) > readAt) return;
    this.#apply.setTag(repository, tag, { digest, at: readAt, actor: null });
  }
}

function bareManifest(digest: string): Manifest {
  return { digest, mediaType: "", size: null, references: null, created: null };
}
