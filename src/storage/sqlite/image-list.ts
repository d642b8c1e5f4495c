// All images with all their grants, in two reads.
import type { Grant } from "../../domain/image.js";
import type { RegisteredImage } from "../../domain/ports.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";
import { NOT_ENDED, SELECT_GRANTS } from "./grant-rows.js";
import { readGrant, readImage, type GrantRow, type ImageRow } from "./rows.js";

/** Sorted by repository, tag, service; grants that have ended are left out. */
export function readImages(connection: Connection, now: EpochSeconds): readonly RegisteredImage[] {
  const grants = new Map<number, Grant[]>();
  const rows = connection
    .prepare<[number], GrantRow>(
      `${SELECT_GRANTS} WHERE ${NOT_ENDED} ORDER BY g.image_id, g.subject`,
    )
    .all(now);
  for (const row of rows) {
    const earlier = grants.get(row.image_id);
    if (earlier === undefined) grants.set(row.image_id, [readGrant(row)]);
    else earlier.push(readGrant(row));
  }
  return connection
    .prepare<[], ImageRow>("SELECT * FROM image ORDER BY repository, tag, service")
    .all()
    .map((row) => ({ ...readImage(row), grants: grants.get(row.id) ?? [] }));
}
