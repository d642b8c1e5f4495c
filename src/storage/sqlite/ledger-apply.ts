// What one push or delete changes in the ledger. The order of arrival does not matter: times decide, and of equal times the later arrival.
import { isIndexType } from "../../domain/media-type.js";
import type { EpochMicroseconds, Manifest, RegistryAct } from "../../domain/ledger.js";
import type { Connection } from "./connection.js";

type Push = Extract<RegistryAct, { kind: "push" }>;

export interface TagRow {
  readonly digest: string | null;
  readonly changed_us: number;
}

/** Tags that once led to a digest: the newest so many of each. */
export const PAST_TAGS_MAX = 50;

const PUT_MANIFEST = `
  INSERT INTO ledger_manifest (repository_id, digest, media_type, size, created, pushed_us, pushed_by, is_complete)
  VALUES (@repository, @digest, @mediaType, @size, @created, @at, @actor, @isComplete)
  ON CONFLICT DO UPDATE SET
    media_type = iif(excluded.media_type = '', media_type, excluded.media_type),
    size = coalesce(excluded.size, size),
    created = coalesce(excluded.created, created),
    is_complete = max(is_complete, excluded.is_complete),
    pushed_by = iif(pushed_us > excluded.pushed_us, pushed_by, excluded.pushed_by),
    pushed_us = max(coalesce(pushed_us, excluded.pushed_us), excluded.pushed_us),
    deleted_us = iif(deleted_us > excluded.pushed_us, deleted_us, NULL)`;
/** One that only reading has shown (pushed_us NULL) was there when the repository was last read. */
const DELETE_MANIFEST = `
  INSERT INTO ledger_manifest (repository_id, digest, media_type, deleted_us, last_delete_us, is_complete)
  VALUES (@repository, @digest, '', @at, @at, 0)
  ON CONFLICT DO UPDATE SET
    last_delete_us = max(coalesce(last_delete_us, @at), @at),
    deleted_us = iif(
      @at >= coalesce(pushed_us, (SELECT read_us FROM ledger_repository WHERE id = @repository), 0),
      max(coalesce(deleted_us, @at), @at), deleted_us)`;
const PUT_TAG = `
  INSERT INTO ledger_tag (repository_id, tag, digest, changed_us, pushed_by)
  VALUES (@repository, @tag, @digest, @at, @actor)
  ON CONFLICT DO UPDATE SET
    digest = excluded.digest, changed_us = excluded.changed_us, pushed_by = excluded.pushed_by`;
const PUT_PAST = `
  INSERT INTO ledger_past_tag (repository_id, digest, tag, until_us) VALUES (?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET until_us = max(until_us, excluded.until_us)`;
const CUT_PAST = `
  DELETE FROM ledger_past_tag WHERE repository_id = @repository AND digest = @digest AND tag IN (
    SELECT tag FROM ledger_past_tag WHERE repository_id = @repository AND digest = @digest
    ORDER BY until_us DESC, tag LIMIT -1 OFFSET ${PAST_TAGS_MAX})`;

function prepareAll(connection: Connection) {
  return {
    putManifest: connection.prepare(PUT_MANIFEST),
    deleteManifest: connection.prepare(DELETE_MANIFEST),
    lastDelete: connection
      .prepare<[number, string], number | null>(
        "SELECT last_delete_us FROM ledger_manifest WHERE repository_id = ? AND digest = ?",
      )
      .pluck(),
    putReference: connection.prepare(
      "INSERT OR IGNORE INTO ledger_reference (repository_id, parent, child, media_type, size, is_manifest) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    findTag: connection.prepare<[number, string], TagRow>(
      "SELECT digest, changed_us FROM ledger_tag WHERE repository_id = ? AND tag = ?",
    ),
    tagsOf: connection
      .prepare<[number, string, number], string>(
        "SELECT tag FROM ledger_tag WHERE repository_id = ? AND digest = ? AND changed_us <= ?",
      )
      .pluck(),
    putTag: connection.prepare(PUT_TAG),
    // NOTE: the time stays that of the last word on the tag itself, so that an older push of another digest still counts.
    emptyTag: connection.prepare(
      "UPDATE ledger_tag SET digest = NULL, pushed_by = NULL WHERE repository_id = ? AND tag = ?",
    ),
    putPast: connection.prepare(PUT_PAST),
    cutPast: connection.prepare(CUT_PAST),
  };
}

/** Statements for use within a transaction; they throw SqliteError. */
export class LedgerApply {
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(connection: Connection) {
    this.#statements = prepareAll(connection);
  }

  push(repository: number, { at, actor, tag, manifest }: Push): void {
    const { putManifest } = this.#statements;
    putManifest.run({ repository, at, actor, ...boundOf(manifest) });
    this.putReferences(repository, manifest);
    if (tag === null) return;
    const { digest } = manifest;
    const before = this.findTag(repository, tag);
    if (before !== null && before.changed_us > at) {
      if (before.digest !== digest) this.#notePast(repository, [digest, tag], before.changed_us);
      return;
    }
    const deletedAt = this.lastDelete(repository, digest);
    const isGone = deletedAt !== null && deletedAt > at;
    if (isGone) this.#notePast(repository, [digest, tag], deletedAt);
    this.setTag(repository, tag, { digest: isGone ? null : digest, at, actor });
  }

  deleteTag(repository: number, tag: string, at: EpochMicroseconds): void {
    const before = this.findTag(repository, tag);
    if (before !== null && before.changed_us > at) return;
    this.setTag(repository, tag, { digest: null, at, actor: null });
  }

  deleteManifest(repository: number, digest: string, at: EpochMicroseconds): void {
    const { deleteManifest, tagsOf, emptyTag } = this.#statements;
    deleteManifest.run({ repository, digest, at });
    for (const tag of tagsOf.all(repository, digest, at)) {
      this.#notePast(repository, [digest, tag], at);
      emptyTag.run(repository, tag);
    }
  }

  /** Null: never deleted as far as is known. */
  lastDelete(repository: number, digest: string): EpochMicroseconds | null {
    return this.#statements.lastDelete.get(repository, digest) ?? null;
  }

  findTag(repository: number, tag: string): TagRow | null {
    return this.#statements.findTag.get(repository, tag) ?? null;
  }

  /** The digest that it had before, if another, keeps the tag as a past one. */
  setTag(
    repository: number,
    tag: string,
    to: {
      readonly digest: string | null;
      readonly at: EpochMicroseconds;
      readonly actor: string | null;
    },
  ): void {
    const before = this.findTag(repository, tag)?.digest ?? null;
    if (before !== null && before !== to.digest) {
      this.#notePast(repository, [before, tag], to.at);
    }
    this.#statements.putTag.run({ repository, tag, ...to });
  }

  /** A digest stands for one content: what is there already is right. */
  putReferences(repository: number, { digest, mediaType, references }: Manifest): void {
    const isManifest = Number(isIndexType(mediaType));
    for (const child of references ?? []) {
      this.#statements.putReference.run(
        repository,
        digest,
        child.digest,
        child.mediaType,
        child.size,
        isManifest,
      );
    }
  }

  #notePast(
    repository: number,
    [digest, tag]: readonly [string, string],
    until: EpochMicroseconds,
  ): void {
    this.#statements.putPast.run(repository, digest, tag, until);
    this.#statements.cutPast.run({ repository, digest });
  }
}

/** The members of a manifest as its columns have them. */
export function boundOf({ digest, mediaType, size, created, references }: Manifest) {
  return { digest, mediaType, size, created, isComplete: Number(references !== null) };
}
