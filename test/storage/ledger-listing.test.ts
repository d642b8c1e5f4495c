// Lists out of the ledger on a real file: sizes, last pulls, what is still needed, and ten thousand repositories.
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import type { HeldQuery } from "../../src/domain/ledger-listing.js";
import type { Connection } from "../../src/storage/sqlite/connection.js";
import { SqliteLedgerListing } from "../../src/storage/sqlite/ledger-listing.js";
import { SqliteLedgerStore } from "../../src/storage/sqlite/ledger-store.js";
import { openActivity } from "../../src/storage/sqlite/open-activity.js";
import { join } from "node:path";
import { digestOf, imageOf, indexOf, NOW, usAt } from "../support/ledger-site.js";
import { tempFolder } from "../support/temp.js";

let connection: Connection;
let store: SqliteLedgerStore;
let listing: SqliteLedgerListing;

beforeEach(() => {
  const opened = openActivity({
    path: join(tempFolder(), "dockwarden-ledger.db"),
    migrationsDirectory: "migrations/ledger",
    busyTimeoutMs: 1000,
    clock: { now: () => NOW },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  connection = opened.value;
  store = new SqliteLedgerStore(connection, { countsPulls: "gate" });
  listing = new SqliteLedgerListing(connection);
});

afterEach(() => {
  connection.close();
});

const NONE = { pulls: 0, looks: 0 };

const QUERY: HeldQuery = {
  service: null,
  prefix: null,
  unusedSince: null,
  order: "name",
  page: { limit: null, offset: 0 },
};

async function see(
  repository: string,
  tags: Readonly<Record<string, string>>,
  manifests: readonly ReturnType<typeof imageOf>[],
  service = "registry",
): Promise<void> {
  const digests = Object.entries(tags).map(([tag, name]) => [tag, digestOf(name)] as const);
  const snapshot = { service, repository, readAt: usAt(0), tags: new Map(digests), manifests };
  await store.applySnapshot(snapshot, NOW);
}

const pull = (repository: string, tag: string | null, at: number, method: "GET" | "HEAD" = "GET") =>
  store.notePulls([
    {
      service: "registry",
      repository,
      tag,
      digest: null,
      account: "reader",
      method,
      at: NOW + at,
    },
  ]);

const namesOf = async (query: Partial<HeldQuery>): Promise<readonly string[]> => {
  const { repositories } = await listing.list({ ...QUERY, ...query });
  return repositories.map(({ repository }) => repository);
};

test("a layer counts once in a repository, and in each repository", async () => {
  await see("app", { v1: "one", v2: "two" }, [
    imageOf("one", ["base", "x"]),
    imageOf("two", ["base", "y"]),
  ]);
  await see("other", { v1: "one" }, [imageOf("one", ["base", "x"])]);
  const { repositories, total } = await listing.list(QUERY);
  expect(total).toBe(2);
  // Manifests have 500 bytes, layers 10.
  expect(repositories.map(({ size, tagCount }) => [size, tagCount])).toEqual([
    [1030, 2],
    [520, 1],
  ]);
});

test("orders by name, size, last pull; filters by prefix and service; pages", async () => {
  await see("a/small", { v1: "one" }, [imageOf("one")]);
  await see("a/large", { v1: "two" }, [imageOf("two", ["x", "y"])]);
  await see("b", { v1: "one" }, [imageOf("one", ["x"])], "second");
  await pull("a/small", "v1", 5);
  expect(await namesOf({})).toEqual(["a/large", "a/small", "b"]);
  expect(await namesOf({ order: "size" })).toEqual(["a/large", "b", "a/small"]);
  expect(await namesOf({ order: "pulled" })).toEqual(["a/small", "a/large", "b"]);
  expect(await namesOf({ prefix: "a/" })).toEqual(["a/large", "a/small"]);
  expect(await namesOf({ service: "second" })).toEqual(["b"]);
  expect(await namesOf({ page: { limit: 1, offset: 1 } })).toEqual(["a/small"]);
});

test("unused are tags that were neither pulled nor seen first since then", async () => {
  await see("app", { v1: "one", v2: "two" }, [imageOf("one"), imageOf("two")]);
  await see("busy", { v1: "one" }, [imageOf("one")]);
  await see("digest", { v1: "one" }, [imageOf("one")]);
  await pull("app", "v1", 100);
  await pull("busy", "v1", 100);
  await pull("digest", null, 100);
  expect(await namesOf({ unusedSince: NOW })).toEqual([]);
  const { repositories } = await listing.list({ ...QUERY, unusedSince: NOW + 50 });
  expect(repositories).toMatchObject([{ repository: "app", tagCount: 2, unusedCount: 1 }]);
  expect(await namesOf({ unusedSince: NOW + 101 })).toEqual(["app", "busy", "digest"]);
});

test("begins with the earliest pull that is known: reading and pushes tell of none", async () => {
  await see("app", { v1: "one" }, [imageOf("one")]);
  expect(await listing.beginsAt("registry")).toBeNull();
  await pull("app", "v1", -50);
  await pull("app", "v1", 100);
  expect(await listing.beginsAt("registry")).toBeLessThanOrEqual(NOW + 100);
  expect(await listing.beginsAt("second")).toBeNull();
});

test("finds one repository with its tags, last pulls and manifests", async () => {
  await see("app", { v1: "one", multi: "all" }, [
    imageOf("one", ["x"]),
    indexOf("all", ["one", "two"]),
  ]);
  await pull("app", "v1", 7);
  await pull("app", "v1", 100_000);
  await pull("app", null, 8);
  await pull("app", "v1", 6, "HEAD");
  const [found] = await listing.find(null, "app");
  expect(found?.tags).toMatchObject([
    { tag: "multi", digest: digestOf("all"), lastPull: null, counts: NONE },
    {
      tag: "v1",
      digest: digestOf("one"),
      lastPull: { at: NOW + 100_000, account: "reader" },
      counts: { pulls: 2, looks: 1 },
    },
  ]);
  expect(found?.digestCounts).toEqual({ pulls: 1, looks: 0 });
  expect(found?.manifests.get(digestOf("one"))?.references).toHaveLength(1);
  expect(await listing.find("second", "app")).toEqual([]);
});

test("knows which manifests need no reading, and what they lead to", async () => {
  await see("app", { multi: "all", v1: "unread" }, [indexOf("all", ["one"])]);
  const known = await listing.listKnown({ service: "registry", repository: "app" });
  expect(known).toEqual(
    new Map([[digestOf("all"), { children: [digestOf("one")], hasCreated: false }]]),
  );
  expect(await listing.countIncomplete("registry")).toBeGreaterThan(0);
});

test("a blob is still needed where any other manifest of that registry names it", async () => {
  await see("app", { v1: "one", v2: "two" }, [
    imageOf("one", ["base", "x"]),
    imageOf("two", ["base"]),
  ]);
  await see("copy", { v1: "one" }, [imageOf("one", ["base", "x"])]);
  await see("far", { v1: "one" }, [imageOf("one", ["base", "x"])], "second");
  const digests = ["one", "two", "base", "x"].map(digestOf);
  const gone = (repository: string, ...names: string[]) => ({
    repository,
    digests: names.map(digestOf),
  });
  const needed = (...goes: ReturnType<typeof gone>[]) =>
    listing.findStillNeeded("registry", digests, goes);
  expect(await needed(gone("app", "one"))).toEqual(new Set(digests));
  expect(await needed(gone("app", "one"), gone("copy", "one"))).toEqual(
    new Set(["two", "base"].map(digestOf)),
  );
  expect(await needed(gone("app", "one", "two"), gone("copy", "one"))).toEqual(new Set());
  // Many are looked for in another way.
  const many = [...digests, ...Array.from({ length: 100 }, (_, at) => digestOf(`other ${at}`))];
  expect(
    await listing.findStillNeeded("registry", many, [gone("app", "one"), gone("copy", "one")]),
  ).toEqual(new Set(["two", "base"].map(digestOf)));
});

test("lists a page of ten thousand repositories without looking at all of their layers", () => {
  const insert = connection.prepare(
    "INSERT INTO ledger_repository (service, name, seen_at) VALUES ('registry', ?, 0)",
  );
  const insertManifest = connection.prepare(
    "INSERT INTO ledger_manifest (repository_id, digest, media_type, is_complete) VALUES (?, ?, '', 1)",
  );
  connection.transaction(() => {
    for (let at = 0; at < 10_000; at += 1) {
      insertManifest.run(insert.run(`team-${at}/app`).lastInsertRowid, digestOf("a"));
    }
  })();
  const plan = connection
    .prepare<[], { readonly detail: string }>(
      `EXPLAIN QUERY PLAN SELECT x.child FROM ledger_manifest m
       JOIN ledger_reference x ON x.repository_id = m.repository_id AND x.parent = m.digest
       WHERE m.repository_id = 1`,
    )
    .all();
  expect(plan.map(({ detail }) => detail).join("\n")).not.toContain("SCAN");
  return expect(namesOf({ page: { limit: 2, offset: 0 } })).resolves.toEqual([
    "team-0/app",
    "team-1/app",
  ]);
});
