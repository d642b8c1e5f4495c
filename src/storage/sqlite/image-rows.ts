// The row of an image, with what its indexes need.
import { isLiteral, literalPrefix } from "../../domain/image-pattern.js";
import type { ImageChange, NewImage } from "../../domain/ports.js";
import type { EpochSeconds } from "../../domain/time.js";
import { prepareOnce, type Connection } from "./connection.js";
import type { ImageRow } from "./rows.js";

/** Writes the entry without its grants; answers its id. */
export function insertImage(connection: Connection, image: NewImage, now: EpochSeconds): number {
  const { pattern, facts } = image;
  const { lastInsertRowid } = prepareOnce(
    connection,
    `INSERT INTO image (repository, tag, service, is_exclusive, is_immutable, is_pattern, literal_prefix, digest, size, created,
           description, registered_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    pattern.repository,
    pattern.tag ?? "",
    pattern.service ?? "",
    Number(image.isExclusive),
    Number(image.isImmutable ?? false),
    Number(!isLiteral(pattern.repository)),
    literalPrefix(pattern.repository),
    facts.digest,
    facts.size,
    facts.created,
    facts.description,
    now,
  );
  return Number(lastInsertRowid);
}

/** Writes what the change names, without its grants; the rest stays. */
export function updateImage(connection: Connection, row: ImageRow, change: ImageChange): void {
  const facts = { ...row, ...change.facts };
  prepareOnce(
    connection,
    "UPDATE image SET is_exclusive = ?, is_immutable = ?, digest = ?, size = ?, created = ?, description = ? WHERE id = ?",
  ).run(
    change.isExclusive === undefined ? row.is_exclusive : Number(change.isExclusive),
    change.isImmutable === undefined ? row.is_immutable : Number(change.isImmutable),
    facts.digest,
    facts.size,
    facts.created,
    facts.description,
    row.id,
  );
}

/** How many entries the condition holds for. */
export function countImages(
  connection: Connection,
  condition: "tag <> ''" | "is_immutable = 1",
): number {
  const sql = `SELECT count(*) FROM image WHERE ${condition}`;
  return connection.prepare<[], number>(sql).pluck().get() ?? 0;
}
