// What lies on disk without the rest of the store: nothing that is damaged may be read as if it were whole.
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "@jest/globals";
import type { Store } from "../../src/domain/ports.js";
import { Database } from "../../src/storage/sqlite/engine.js";
import { openStore, type OpenStoreOptions } from "../../src/storage/sqlite/open-store.js";
import { tempFolder } from "../support/temp.js";

const COUNT = 300;

const options = (path: string): OpenStoreOptions => ({
  path,
  migrationsDirectory: "migrations",
  busyTimeoutMs: 1000,
  mode: "create",
  migrate: "apply",
  actor: { name: "tester", isClaimed: false },
  clock: { now: () => 1 },
});

async function open(path: string): Promise<Store> {
  const opened = await openStore(options(path));
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

const nameOf = (index: number): string => `g-${String(index).padStart(4, "0")}`;

/** COUNT groups; after the first half the write-ahead log was carried over into the file. */
async function fill(path: string): Promise<Store> {
  const store = await open(path);
  for (let index = 0; index < COUNT / 2; index += 1) await store.groups.add(nameOf(index), 1);
  const other = new Database(path);
  other.pragma("wal_checkpoint(TRUNCATE)");
  other.close();
  for (let index = COUNT / 2; index < COUNT; index += 1) await store.groups.add(nameOf(index), 1);
  return store;
}

/** Opened by us and found whole: the names in it are the first so many, without a gap. */
async function expectConsistent(path: string): Promise<number> {
  const store = await open(path);
  const names = (await store.groups.list()).map(({ name }) => name).sort();
  await store.close();
  expect(names).toEqual(names.map((_name, index) => nameOf(index)));
  const database = new Database(path, { readonly: true });
  expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
  expect(database.pragma("foreign_key_check")).toEqual([]);
  database.close();
  return names.length;
}

test("H09: a store whose log was lost while it was stopped opens whole, as it was before", async () => {
  const path = join(tempFolder(), "data", "dockwarden.db");
  const store = await fill(path);
  // As a killed server leaves it, without its -wal.
  const left = join(dirname(dirname(path)), "left", "dockwarden.db");
  mkdirSync(dirname(left), { mode: 0o700 });
  for (const suffix of ["", "-shm"]) copyFileSync(`${path}${suffix}`, `${left}${suffix}`);
  await store.close();
  expect(await expectConsistent(left)).toBeGreaterThanOrEqual(COUNT / 2);
  expect(await expectConsistent(path)).toBe(COUNT);
});

test("H09: a copy of the file alone, taken while it is written, opens whole or is refused", async () => {
  const path = join(tempFolder(), "data", "dockwarden.db");
  const store = await open(path);
  const folder = join(dirname(dirname(path)), "copy");
  mkdirSync(folder, { mode: 0o700 });
  const copy = join(folder, "dockwarden.db");
  for (let index = 0; index < COUNT; index += 1) {
    await store.groups.add(nameOf(index), 1);
    if (index % 50 !== 49) continue;
    copyFileSync(path, copy);
    const opened = await openStore(options(copy));
    if (opened.ok) {
      await opened.value.close();
      expect(await expectConsistent(copy)).toBeLessThanOrEqual(index + 1);
    } else {
      expect(opened.error.code).toBe("damaged");
    }
    for (const suffix of ["", "-wal", "-shm", ".lock"]) rmSync(`${copy}${suffix}`, { force: true });
    expect(existsSync(copy)).toBe(false);
  }
  await store.close();
});
