// What a restored store must stay above: the credential epoch and the ids that the store it replaces has given out already.
import { isSqliteError, openConnection, type Connection } from "./connection.js";
import { readCredentialEpoch } from "./credential-epoch.js";
import { inspectStore } from "./inspect-store.js";

export interface Floor {
  /** 0 where no store was there, or none that can be read. */
  readonly epoch: number;
  /** Table → the last id given. An id that is given twice would inherit what lies elsewhere under it, such as token sums. */
  readonly ids: Readonly<Record<string, number>>;
}

/** Nothing lies there. */
export const NO_FLOOR: Floor = { epoch: 0, ids: {} };
const BUSY_MILLISECONDS = 1000;

/** The floor that the store which is about to be replaced leaves; the lowest where it can't be read any more. */
export function readFloorOf(path: string): Floor {
  if (inspectStore(path) !== null) return NO_FLOOR;
  try {
    const connection = openConnection(path, BUSY_MILLISECONDS);
    try {
      return { epoch: readCredentialEpoch(connection), ids: readIds(connection) };
    } finally {
      connection.close();
    }
  } catch (error) {
    if (isSqliteError(error)) return NO_FLOOR;
    throw error;
  }
}

function readIds(connection: Connection): Floor["ids"] {
  const rows = connection
    .prepare<[], { name: string; seq: number }>("SELECT name, seq FROM sqlite_sequence")
    .all();
  return Object.fromEntries(rows.map(({ name, seq }) => [name, seq]));
}

/** Null where it is anything else than what `readFloorOf` answers. */
export function parseFloor(found: unknown): Floor | null {
  if (typeof found !== "object" || found === null) return null;
  const { epoch, ids } = found as Partial<Floor>;
  if (!Number.isSafeInteger(epoch) || typeof ids !== "object") return null;
  const isWhole = Object.values(ids).every((id) => Number.isSafeInteger(id));
  return isWhole ? { epoch: Number(epoch), ids: { ...ids } } : null;
}

/** Ids of a table that the store does not have are nobody's. */
export function raiseIds(connection: Connection, ids: Floor["ids"]): void {
  const present = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck();
  const tables = new Set(present.all());
  const own = readIds(connection);
  const raise = connection.prepare("UPDATE sqlite_sequence SET seq = ? WHERE name = ?");
  const begin = connection.prepare("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)");
  for (const [table, id] of Object.entries(ids)) {
    const last = own[table];
    if (last === undefined && tables.has(table)) begin.run(table, id);
    else if (last !== undefined && last < id) raise.run(id, table);
  }
}
