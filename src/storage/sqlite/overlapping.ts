// Images that can name the same as a pattern: read along the indexes on repository and literal prefix.
import { mayOverlap } from "../../domain/image-overlap.js";
import { isLiteral, literalPrefix, type ImagePattern } from "../../domain/image-pattern.js";
import type { Connection } from "./connection.js";
import { readImage, type ImageRow } from "./rows.js";

/** Behind every character that a repository's name can hold. */
export const LAST = "\u{10ffff}";

/** The statements, exported so that a test can look at their query plans. */
export const OVERLAP_SQL = {
  literal: "SELECT * FROM image WHERE is_pattern = 0 AND repository = ?",
  literals: "SELECT * FROM image WHERE is_pattern = 0 AND repository >= ? AND repository < ?",
  shorter:
    "SELECT * FROM image WHERE is_pattern = 1 AND literal_prefix IN (SELECT value FROM json_each(?))",
  longer: "SELECT * FROM image WHERE is_pattern = 1 AND literal_prefix > ? AND literal_prefix < ?",
} as const;

/** Every beginning of the text, the empty one and the whole included: what a pattern's literal prefix can be. */
export function prefixesOf(text: string): readonly string[] {
  return Array.from({ length: text.length + 1 }, (_, length) => text.slice(0, length));
}

/** At most `limit` rows, sorted by repository, tag, service. */
export function readOverlapping(
  connection: Connection,
  pattern: ImagePattern,
  limit: number,
): readonly ImageRow[] {
  const { repository } = pattern;
  const prefix = literalPrefix(repository);
  const reads: readonly (readonly [string, readonly string[]])[] = [
    isLiteral(repository)
      ? [OVERLAP_SQL.literal, [repository]]
      : [OVERLAP_SQL.literals, [prefix, prefix + LAST]],
    [OVERLAP_SQL.shorter, [JSON.stringify(prefixesOf(prefix))]],
    ...(isLiteral(repository) ? [] : ([[OVERLAP_SQL.longer, [prefix, prefix + LAST]]] as const)),
  ];
  const found: ImageRow[] = [];
  for (const [sql, values] of reads) {
    if (found.length >= limit) break;
    for (const row of connection.prepare<unknown[], ImageRow>(sql).iterate(...values)) {
      if (mayOverlap(readImage(row).pattern, pattern)) found.push(row);
      if (found.length >= limit) break;
    }
  }
  const key = ({ repository: name, tag, service }: ImageRow): string =>
    [name, tag, service].join("\0");
  return found.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
