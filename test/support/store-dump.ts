// All rows of a store as text, to show that nothing has changed.
import { Database } from "../../src/storage/sqlite/engine.js";

/** Opens the store beside whoever uses it, reads every table, and changes nothing. */
export function dumpStore(path: string): string {
  const database = new Database(path, { readonly: true });
  try {
    const tables = database
      .prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      .pluck()
      .all() as string[];
    return tables
      .map(
        (name) => `${name}\n${JSON.stringify(database.prepare(`SELECT * FROM "${name}"`).all())}`,
      )
      .join("\n");
  } finally {
    database.close();
  }
}
