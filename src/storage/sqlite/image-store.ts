// Images and grants in SQLite. Names of subjects are resolved to ids inside the transaction that uses them.
import type { Action } from "../../domain/action.js";
import { subjectKey, type GrantedImage, type Subject } from "../../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../../domain/image-pattern.js";
import type {
  ImageChange,
  ImagePage,
  ImageQuery,
  ImageRefusal,
  ImageStore,
  NewGrant,
  NewImage,
  RegisteredImage,
  SubjectName,
} from "../../domain/ports.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { RecordChange } from "./change-log.js";
import { run, write, type Connection } from "./connection.js";
import {
  cutGrant,
  leftAfter,
  NOT_ENDED,
  putGrants,
  resolveSubject,
  SELECT_GRANTS,
} from "./grant-rows.js";
import { grantChange, imageChange } from "./image-changes.js";
import { countImages, insertImage, updateImage } from "./image-rows.js";
import { readImages } from "./image-list.js";
import { searchImageRows } from "./image-search.js";
import { readOverlapping } from "./overlapping.js";
import { readGrant, readImage, type GrantRow, type ImageRow } from "./rows.js";

type GrantAnswer = Awaited<ReturnType<ImageStore["grant"]>>;
type RevokeAnswer = Awaited<ReturnType<ImageStore["revoke"]>>;

export class SqliteImageStore implements ImageStore {
  readonly #connection: Connection;
  readonly #record: RecordChange;
  readonly #byPattern;
  readonly #grantsOf;
  readonly #oneGrant;

  constructor(connection: Connection, record: RecordChange) {
    this.#connection = connection;
    this.#record = record;
    this.#byPattern = connection.prepare<[string, string, string], ImageRow>(
      "SELECT * FROM image WHERE repository = ? AND tag = ? AND service = ?",
    );
    this.#grantsOf = connection.prepare<[number, number], GrantRow>(
      `${SELECT_GRANTS} WHERE g.image_id = ? AND ${NOT_ENDED} ORDER BY g.subject`,
    );
    this.#oneGrant = connection.prepare<[number, string, number], GrantRow>(
      `${SELECT_GRANTS} WHERE g.image_id = ? AND g.subject = ? AND ${NOT_ENDED}`,
    );
  }

  async register(
    image: NewImage,
    now: EpochSeconds,
  ): Promise<Result<RegisteredImage, ImageRefusal>> {
    return write(this.#connection, () => this.registerNow(image, now));
  }

  /** As register, inside a transaction that is under way. */
  registerNow(image: NewImage, now: EpochSeconds): Result<RegisteredImage, ImageRefusal> {
    if (this.#row(image.pattern) !== undefined) return imageTaken(image.pattern);
    const id = insertImage(this.#connection, image, now);
    const refusal = putGrants(this.#connection, id, image.grants, now);
    if (refusal !== null) return refusal;
    const made = this.#must(image.pattern, now);
    this.#record(imageChange("image.register", null, made));
    return ok(made);
  }

  async find(pattern: ImagePattern, now: EpochSeconds): Promise<RegisteredImage | null> {
    return run(() => {
      const row = this.#row(pattern);
      return row === undefined ? null : this.#withGrants(row, now);
    });
  }

  async list(now: EpochSeconds): Promise<readonly RegisteredImage[]> {
    return run(() => readImages(this.#connection, now));
  }

  async search(query: ImageQuery, now: EpochSeconds): Promise<ImagePage> {
    return run(() => {
      const { rows, total } = searchImageRows(this.#connection, query, now);
      return { images: rows.map((row) => this.#withGrants(row, now)), total };
    });
  }

  async update(
    pattern: ImagePattern,
    change: ImageChange,
    now: EpochSeconds,
  ): Promise<Result<RegisteredImage, ImageRefusal>> {
    return write(this.#connection, () => this.updateNow(pattern, change, now));
  }

  /** As update, inside a transaction that is under way. */
  updateNow(
    pattern: ImagePattern,
    change: ImageChange,
    now: EpochSeconds,
  ): Result<RegisteredImage, ImageRefusal> {
    const row = this.#row(pattern);
    if (row === undefined) return unknownImage(pattern);
    const before = this.#withGrants(row, now);
    updateImage(this.#connection, row, change);
    if (change.grants !== undefined) {
      this.#connection.prepare("DELETE FROM image_grant WHERE image_id = ?").run(row.id);
      const refusal = putGrants(this.#connection, row.id, change.grants, now);
      if (refusal !== null) return refusal;
    }
    const after = this.#must(pattern, now);
    this.#record(imageChange("image.update", before, after));
    return ok(after);
  }

  async unregister(
    pattern: ImagePattern,
    now: EpochSeconds,
  ): Promise<Result<RegisteredImage, ImageRefusal>> {
    return write(this.#connection, () => this.unregisterNow(pattern, now));
  }

  /** As unregister, inside a transaction that is under way. */
  unregisterNow(pattern: ImagePattern, now: EpochSeconds): Result<RegisteredImage, ImageRefusal> {
    const row = this.#row(pattern);
    if (row === undefined) return unknownImage(pattern);
    const image = this.#withGrants(row, now);
    this.#connection.prepare("DELETE FROM image WHERE id = ?").run(row.id);
    this.#record(imageChange("image.unregister", image, null));
    return ok(image);
  }

  async grant(pattern: ImagePattern, grant: NewGrant, now: EpochSeconds): Promise<GrantAnswer> {
    return write(this.#connection, (): GrantAnswer => {
      const facts = { digest: null, size: null, created: null, description: null };
      const row = this.#row(pattern);
      const id =
        row?.id ??
        insertImage(this.#connection, { pattern, isExclusive: false, facts, grants: [] }, now);
      const subject = resolveSubject(this.#connection, grant.subject);
      if (!subject.ok) return subject;
      const before = this.#oneGrant.get(id, subjectKey(subject.value), now);
      const refusal = putGrants(this.#connection, id, [grant], now);
      if (refusal !== null) return refusal;
      const after = this.#oneGrant.get(id, subjectKey(subject.value), now);
      const held = before === undefined ? null : readGrant(before);
      const states = { before: held, after: after === undefined ? null : readGrant(after) };
      this.#record(grantChange("access.grant", { pattern, subject: subject.value }, states));
      const image = this.#must(pattern, now);
      return ok({ image, before: held, isNewEntry: row === undefined });
    });
  }

  async revoke(
    pattern: ImagePattern,
    subject: SubjectName,
    actions: readonly Action[] | null,
    now: EpochSeconds,
  ): Promise<RevokeAnswer> {
    return write(this.#connection, (): RevokeAnswer => {
      const row = this.#row(pattern);
      if (row === undefined) return unknownImage(pattern);
      const resolved = resolveSubject(this.#connection, subject);
      if (!resolved.ok) return resolved;
      const found = this.#oneGrant.get(row.id, subjectKey(resolved.value), now);
      if (found === undefined) {
        return ok({ image: this.#withGrants(row, now), before: null, after: null });
      }
      const before = readGrant(found);
      const left = leftAfter(before.actions, actions);
      cutGrant(this.#connection, found, left);
      const after = left.length === 0 ? null : { ...before, actions: left };
      const target = { pattern, subject: resolved.value };
      this.#record(grantChange("access.revoke", target, { before, after }));
      return ok({ image: this.#must(pattern, now), before, after });
    });
  }

  async findOverlapping(pattern: ImagePattern, limit: number, now: EpochSeconds) {
    return run(() => {
      const rows = readOverlapping(this.#connection, pattern, limit + 1);
      const images = rows.slice(0, limit).map((row) => this.#withGrants(row, now));
      return { images, isCut: rows.length > limit };
    });
  }

  async listGrantsOf(subject: Subject, now: EpochSeconds): Promise<readonly GrantedImage[]> {
    return run(() =>
      this.#connection
        .prepare<[string, number], GrantRow>(
          `${SELECT_GRANTS} WHERE g.subject = ? AND ${NOT_ENDED} ORDER BY g.image_id`,
        )
        .all(subjectKey(subject), now)
        .flatMap((grant) => {
          const row = this.#connection
            .prepare<[number], ImageRow>("SELECT * FROM image WHERE id = ?")
            .get(grant.image_id);
          return row === undefined ? [] : [{ ...readImage(row), grants: [readGrant(grant)] }];
        }),
    );
  }

  async countTagged(): Promise<number> {
    return run(() => countImages(this.#connection, "tag <> ''"));
  }

  async countImmutable(): Promise<number> {
    return run(() => countImages(this.#connection, "is_immutable = 1"));
  }

  #row(pattern: ImagePattern): ImageRow | undefined {
    return this.#byPattern.get(pattern.repository, pattern.tag ?? "", pattern.service ?? "");
  }

  #withGrants(row: ImageRow, now: EpochSeconds): RegisteredImage {
    return { ...readImage(row), grants: this.#grantsOf.all(row.id, now).map(readGrant) };
  }

  #must(pattern: ImagePattern, now: EpochSeconds): RegisteredImage {
    const row = this.#row(pattern);
    if (row === undefined) throw new Error("an image vanished inside its own transaction");
    return this.#withGrants(row, now);
  }
}

function unknownImage(pattern: ImagePattern): { readonly ok: false; readonly error: ImageRefusal } {
  return err({ reason: "unknown-image", image: formatImagePattern(pattern) });
}

function imageTaken(pattern: ImagePattern): { readonly ok: false; readonly error: ImageRefusal } {
  return err({ reason: "image-taken", image: formatImagePattern(pattern) });
}
