// The names of the catalogue in a real file: what holds something, in order, by an index.
import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import {
  CATALOG_SQL,
  createCatalogReader,
  SqliteLedgerCatalog,
} from "../../src/storage/sqlite/ledger-catalog.js";
import {
  deleted,
  deletedTag,
  imageOf,
  NOW,
  openLedger,
  pushed,
  type LedgerSite,
} from "../support/ledger-site.js";
import { tempFolder } from "../support/temp.js";

describe("the catalogue's names", () => {
  let site: LedgerSite;
  let catalog: SqliteLedgerCatalog;

  beforeEach(() => {
    site = openLedger();
    catalog = new SqliteLedgerCatalog(site.connection);
  });
  afterEach(() => {
    site.store.close();
  });

  const push = async (repository: string, service = "registry"): Promise<void> => {
    const event = pushed(1, "v1", imageOf("a"));
    await site.store.apply([{ ...event, act: { ...event.act, repository, service } }], NOW);
  };
  const names = (prefix = "", after: string | null = null, limit = 100) =>
    catalog.listRepositories("registry", { prefix, after, limit });

  test("are sorted by code unit, within the service and the prefix, behind the last, so many", async () => {
    for (const name of ["b", "a/b", "a-b", "a.b", "ab", "a_b", "a/z"]) await push(name);
    await push("elsewhere", "other");
    expect(await names()).toEqual(["a-b", "a.b", "a/b", "a/z", "a_b", "ab", "b"]);
    expect(await names("a/")).toEqual(["a/b", "a/z"]);
    expect(await names("a/", "a/b")).toEqual(["a/z"]);
    expect(await names("a/", "a")).toEqual(["a/b", "a/z"]);
    expect(await names("a/", "b")).toEqual([]);
    expect(await names("", "a/z", 2)).toEqual(["a_b", "ab"]);
    expect(await names("", "nothing\u{1f511}")).toEqual([]);
    expect(await names("ab", null, 1)).toEqual(["ab"]);
  });

  test("are those of repositories that hold a tag or a manifest now", async () => {
    await site.store.apply([pushed(1, "v1", imageOf("a"))], NOW);
    expect(await names()).toEqual(["team/app"]);
    await site.store.apply([deletedTag(2, "v1")], NOW);
    expect(await names()).toEqual(["team/app"]);
    await site.store.apply([deleted(3, "a")], NOW);
    expect(await names()).toEqual([]);
    await site.store.apply([pushed(4, null, imageOf("b"))], NOW);
    expect(await names()).toEqual(["team/app"]);
  });

  test("are found by the index on service and name, and each is looked into by its key", () => {
    const values = { service: "registry", from: "a", to: "b", limit: 10 };
    const plan = site.connection
      .prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${CATALOG_SQL}`)
      .all(values)
      .map(({ detail }) => detail);
    expect(plan[0]).toMatch(
      /^SEARCH r USING (COVERING )?INDEX \S+ \(service=\? AND name>\? AND name<\?\)$/,
    );
    expect(plan.join("\n")).not.toMatch(/SCAN|TEMP B-TREE/);
  });
});

describe("the file of the catalogue", () => {
  test("is opened with the first question, and the one that replaces it is read", async () => {
    const path = join(tempFolder(), "dockwarden-ledger.db");
    const options = {
      path,
      migrationsDirectory: "migrations/ledger",
      busyTimeoutMs: 20,
      clock: { now: () => NOW },
    };
    const reader = createCatalogReader(options);
    const all = () => reader.listRepositories("registry", { prefix: "", after: null, limit: 9 });
    const { store } = openLedger({ countsPulls: "gate" }, path);
    await store.apply([pushed(1, "v1", imageOf("a"))], NOW);
    expect(await all()).toEqual(["team/app"]);
    store.close();
    reader.close();
    for (const end of ["", "-wal", "-shm"]) {
      try {
        renameSync(`${path}${end}`, `${path}-old${end}`);
      } catch {
        // SQLite may have removed them itself.
      }
    }
    expect(await all()).toEqual([]);
    reader.close();
  });

  test("is named where it is damaged", async () => {
    const path = join(tempFolder(), "dockwarden-ledger.db");
    writeFileSync(path, "not a database at all".padEnd(4096, "x"), { mode: 0o600 });
    const reader = createCatalogReader({
      path,
      migrationsDirectory: "migrations/ledger",
      busyTimeoutMs: 20,
      clock: { now: () => NOW },
    });
    const range = { prefix: "", after: null, limit: 1 };
    await expect(reader.listRepositories("registry", range)).rejects.toMatchObject({
      name: "StoreUnavailable",
      message: expect.stringContaining(path),
    });
  });
});
