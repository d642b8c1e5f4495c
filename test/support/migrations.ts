// The program's migrations in a folder of a test's own, where it can add one more.
import { cpSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface TestMigrations {
  readonly directory: string;
  /** The name of the one that `add` writes, such as `0007-more.sql`. */
  readonly name: string;
  /** Its number as it stands in the names of copies, such as `0007`. */
  readonly number: string;
  /** Writes it: a table `more`. A store made before is of an older version from then on. */
  add(): void;
}

/** Copies them into a new folder `migrations` below `folder`. */
export function copyMigrations(folder: string): TestMigrations {
  const directory = join(folder, "migrations");
  cpSync("migrations", directory, { recursive: true });
  const count = readdirSync(directory).filter((name) => name.endsWith(".sql")).length;
  const number = String(count + 1).padStart(4, "0");
  const name = `${number}-more.sql`;
  return {
    directory,
    name,
    number,
    add() {
      writeFileSync(join(directory, name), "CREATE TABLE more (x INTEGER) STRICT;");
    },
  };
}
