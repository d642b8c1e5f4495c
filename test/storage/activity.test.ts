// The file of sums: what is written is read again, grown rows replace their earlier form, old and too many hours go.
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ActivitySums } from "../../src/domain/activity-sums.js";
import type { LastUse } from "../../src/domain/activity-uses.js";
import type { ActivityFilter } from "../../src/domain/activity.js";
import { SqliteActivityLog } from "../../src/storage/sqlite/activity-log.js";
import { createActivityReader } from "../../src/storage/sqlite/activity-reader.js";
import { SqliteActivityStore } from "../../src/storage/sqlite/activity-store.js";
import type { Connection } from "../../src/storage/sqlite/connection.js";
import { Database } from "../../src/storage/sqlite/engine.js";
import { activityPathOf, openActivity } from "../../src/storage/sqlite/open-activity.js";
import { from, REFUSAL, REFUSED, USE, writeActivity } from "../support/activity-site.js";
import { tempFolder } from "../support/temp.js";

const HOUR = 3600;
const START = 500_000 * HOUR;
const LATER = START + 100 * HOUR;
const ALL: ActivityFilter = {
  account: null,
  image: null,
  service: null,
  since: null,
  until: null,
  limit: 100,
};

function open(path: string): Connection {
  const opened = openActivity({
    path,
    migrationsDirectory: "migrations/activity",
    busyTimeoutMs: 1000,
    clock: { now: () => START },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

describe("the file of sums", () => {
  let path: string;
  let connection: Connection;
  let store: SqliteActivityStore;
  let log: SqliteActivityLog;
  let sums: ActivitySums;

  beforeEach(() => {
    path = join(tempFolder(), "dockwarden-activity.db");
    connection = open(path);
    store = new SqliteActivityStore(connection);
    log = new SqliteActivityLog(connection);
    let drawn = 0;
    sums = new ActivitySums(() => (drawn += 1));
  });

  afterEach(() => {
    connection.close();
  });

  const write = (): Promise<void> => store.write(sums.take(100_000));
  const images = async (filter: Partial<ActivityFilter>): Promise<readonly string[]> =>
    (await log.listTokens({ ...ALL, ...filter })).map(({ image }) => image);

  const imageUses = async (): Promise<readonly LastUse[]> => {
    const uses: LastUse[] = [];
    await log.visitImageUses((use) => uses.push(use));
    return uses;
  };

  test("lies beside the store, for its owner alone", () => {
    expect(activityPathOf("/srv/data/dockwarden.db")).toBe("/srv/data/dockwarden-activity.db");
    expect(activityPathOf("/srv/data/store")).toBe("/srv/data/store-activity.db");
    for (const suffix of ["", "-wal", "-shm"]) {
      expect(statSync(`${path}${suffix}`).mode & 0o777).toBe(0o600);
    }
  });

  test("gives back what was written, whole", async () => {
    for (const at of [0, 1, 2, 3, 4, 5]) sums.given(USE, from(`192.0.2.${at}`), START + at);
    const reference = sums.refused(REFUSED, from("192.0.2.9"), START + 7);
    await write();
    expect(await log.listTokens(ALL)).toEqual([
      {
        ...USE,
        count: 6,
        firstAt: START,
        lastAt: START + 5,
        addresses: ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"],
        otherCount: 2,
        isRest: false,
      },
    ]);
    const refusal = {
      ...REFUSAL,
      reference,
      program: "docker/29.1.3",
      count: 1,
      firstAt: START + 7,
      lastAt: START + 7,
      addresses: ["192.0.2.9"],
      otherCount: 0,
      isRest: false,
    };
    expect(await log.listRefusals(ALL)).toEqual([refusal]);
    expect(await log.findRefusals(reference)).toEqual([refusal]);
    expect(await log.findRefusals(reference + 1)).toEqual([]);
  });

  test("a row that has grown replaces its earlier form, also after a failure in between", async () => {
    sums.given(USE, from("192.0.2.1"), START);
    await write();
    sums.given(USE, from("192.0.2.1"), START + 1);
    const locker = open(path);
    locker.exec("BEGIN IMMEDIATE");
    connection.pragma("busy_timeout = 1");
    const batch = sums.take(100);
    await expect(store.write(batch)).rejects.toMatchObject({ reason: "busy" });
    locker.close();
    batch.putBack();
    sums.given({ ...USE, image: "team/new" }, from("192.0.2.7"), START + 2);
    await write();
    const rows = await log.listTokens(ALL);
    expect(rows.map(({ image, count }) => [image, count])).toEqual([
      ["team/app", 2],
      ["team/new", 1],
    ]);
  });

  test("the row for all the rest names nothing and is marked", async () => {
    for (let at = 0; at < 4002; at += 1) {
      sums.refused({ ...REFUSED, tried: `n${at}` }, from("192.0.2.1"), START);
    }
    await write();
    const rows = await log.listRefusals({ ...ALL, limit: 10_000 });
    expect(rows.filter(({ isRest }) => isRest)).toMatchObject([
      { tried: "", image: "", count: 1002 },
    ]);
    expect(rows).toHaveLength(3001);
  });

  test("filters by account, image and time, and gives the newest last", async () => {
    const add = (image: string, at: number, account = "alice"): void => {
      sums.given({ ...USE, image, account }, from("192.0.2.1"), at);
    };
    add("team/a", START);
    add("team/b", START + 2 * HOUR, "bob");
    add("lab/c", START + 2 * HOUR + 30);
    await write();
    const pattern = { service: null, tag: null };
    expect(await images({})).toEqual(["team/a", "team/b", "lab/c"]);
    expect(await images({ limit: 2 })).toEqual(["team/b", "lab/c"]);
    expect(await images({ account: "bob" })).toEqual(["team/b"]);
    expect(await images({ account: "nobody" })).toEqual([]);
    expect(await images({ image: { ...pattern, repository: "team/*" } })).toEqual([
      "team/a",
      "team/b",
    ]);
    expect(await images({ image: { ...pattern, repository: "lab/c" } })).toEqual(["lab/c"]);
    expect(await images({ image: { ...pattern, repository: "lab/x" } })).toEqual([]);
    expect(await images({ since: START + 1 })).toEqual(["team/b", "lab/c"]);
    expect(await images({ since: START + 2 * HOUR + 1 })).toEqual(["lab/c"]);
    expect(await images({ until: START + 2 * HOUR + 1 })).toEqual(["team/a", "team/b"]);
  });

  test("remembers the last token of each account, and of each for each image", async () => {
    sums.given(USE, from("192.0.2.1"), START);
    sums.given({ ...USE, image: "", actions: "" }, from("192.0.2.1"), START + 9);
    sums.given({ ...USE, account: "", accountId: null }, from("192.0.2.1"), START + 99);
    await write();
    expect(await log.lastUses()).toEqual(new Map([[2, START + 9]]));
    expect([await log.lastUseOf(2), await log.lastUseOf(8)]).toEqual([START + 9, null]);
    expect(await imageUses()).toEqual([{ accountId: 2, image: "team/app", lastAt: START }]);
  });

  test("follows: only what was written since, grown rows again", async () => {
    sums.given(USE, from("192.0.2.1"), START);
    await write();
    const { batch, tokens } = await log.follow(null);
    expect(tokens).toEqual([]);
    expect((await log.follow(batch)).tokens).toEqual([]);
    sums.given(USE, from("192.0.2.1"), START + 1);
    sums.refused(REFUSED, from("192.0.2.1"), START + 1);
    await write();
    const next = await log.follow(batch);
    expect(next.tokens.map(({ count }) => count)).toEqual([2]);
    expect(next.refusals.map(({ image }) => image)).toEqual(["team/app"]);
    expect((await log.follow(next.batch)).refusals).toEqual([]);
  });

  test("forgets hours that have ended before the limit, the oldest first, with their words", async () => {
    sums.given({ ...USE, image: "old" }, from("192.0.2.1"), START);
    sums.refused(REFUSED, from("192.0.2.1"), START);
    sums.given({ ...USE, image: "new" }, from("192.0.2.1"), START + HOUR);
    await write();
    expect(await store.pruneHour(START + HOUR - 1, LATER)).toBeNull();
    expect(await store.pruneHour(START + HOUR, LATER)).toBe(2);
    expect(await store.pruneHour(START + HOUR, LATER)).toBeNull();
    expect(await images({})).toEqual(["new"]);
    expect(await log.listRefusals(ALL)).toEqual([]);
    const words = connection.prepare("SELECT text FROM word").pluck().all();
    expect(words).toContain("new");
    expect(words).not.toContain("old");
    expect(await imageUses()).toMatchObject([{ image: "new" }]);
    expect(await log.lastUseOf(2)).toBe(START + HOUR);
    // What nobody remembers is not called unused.
    expect(await log.beginsAt()).toBe(START + HOUR);
    // Words that were forgotten are written again.
    sums.given({ ...USE, image: "old" }, from("192.0.2.1"), START + HOUR);
    await write();
    expect(await images({})).toEqual(["new", "old"]);
  });

  test("a file that has grown too large forgets its oldest hour, however young", async () => {
    const read = (name: string): number => Number(connection.pragma(name, { simple: true }));
    const empty = read("page_count") * read("page_size");
    const small = new SqliteActivityStore(connection, empty + 100_000);
    for (let hour = 0; hour < 4; hour += 1) {
      for (let at = 0; at < 900; at += 1) {
        const use = { ...USE, accountId: at % 9, image: `i/${at}` };
        sums.given(use, from("192.0.2.1"), START + hour * HOUR);
      }
    }
    await write();
    const pruned: (number | null)[] = [];
    do pruned.push(await small.pruneHour(0, LATER));
    while (pruned.at(-1) !== null && pruned.length < 9);
    expect(pruned.slice(0, 2)).toEqual([900, 900]);
    expect(pruned.at(-1)).toBeNull();
    expect(await images({ limit: 10_000 })).not.toEqual([]);
  });

  test("texts of strangers are cut", async () => {
    const long = "x".repeat(5000);
    sums.refused({ ...REFUSED, path: () => long, image: long }, from("192.0.2.1"), START);
    await write();
    const [row] = await log.listRefusals(ALL);
    expect([row?.path.length, row?.image.length]).toEqual([1000, 256]);
  });
});

describe("opening the file of sums", () => {
  const OPTIONS = {
    migrationsDirectory: "migrations/activity",
    busyTimeoutMs: 1000,
    clock: { now: () => START },
  };

  test.each([
    [
      "a damaged one",
      "SQLite format 3\0 and then something else entirely",
      "is damaged; move it away",
    ],
    ["text", "not a database at all, and longer than the header is", "is damaged; move it away"],
  ])("%s is named with what to do", (_what, content, message) => {
    const path = join(tempFolder(), "a.db");
    writeFileSync(path, content.padEnd(4096, "x"), { mode: 0o600 });
    const opened = openActivity({ ...OPTIONS, path });
    expect(opened).toMatchObject({ ok: false, error: { code: "damaged" } });
    expect(opened.ok ? "" : opened.error.message).toContain(message);
  });

  test("the policy's store is not taken for one", () => {
    const path = join(tempFolder(), "a.db");
    const connection = open(path);
    connection.pragma("application_id = 7");
    connection.close();
    expect(openActivity({ ...OPTIONS, path })).toMatchObject({
      ok: false,
      error: { code: "foreign" },
    });
  });

  test("M03: one that others may read or that is a link is refused", () => {
    const path = join(tempFolder(), "a.db");
    open(path).close();
    chmodSync(path, 0o644);
    const opened = openActivity({ ...OPTIONS, path });
    expect(opened).toMatchObject({ ok: false, error: { code: "insecure" } });
  });

  test("an empty file, as a kill may leave it, becomes a whole one", () => {
    const path = join(tempFolder(), "a.db");
    writeFileSync(path, "", { mode: 0o600 });
    const opened = openActivity({ ...OPTIONS, path });
    expect(opened.ok).toBe(true);
    if (opened.ok) opened.value.close();
  });

  test("a reader goes on with the new file where the old one is moved away", async () => {
    const path = join(tempFolder(), "a.db");
    await writeActivity(path, START, (sums) => {
      sums.given(USE, from("192.0.2.1"), START);
    });
    const reader = createActivityReader({ ...OPTIONS, path });
    expect(await reader.log.listTokens(ALL)).toMatchObject([{ image: "team/app" }]);
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(`${path}${suffix}`)) renameSync(`${path}${suffix}`, `${path}.old${suffix}`);
    }
    expect(await reader.log.listTokens(ALL)).toEqual([]);
    await writeActivity(path, START, (sums) => {
      sums.given({ ...USE, image: "team/new" }, from("192.0.2.1"), START);
    });
    expect(await reader.log.listTokens(ALL)).toMatchObject([{ image: "team/new" }]);
    reader.close();
  });

  test("damage that shows only in a query is said to be this file's, and what to do", async () => {
    const path = join(tempFolder(), "a.db");
    await writeActivity(path, START, (sums) => {
      sums.given(USE, from("192.0.2.1"), START);
    });
    const database = new Database(path);
    database.pragma("wal_checkpoint(TRUNCATE)");
    const size = Number(database.pragma("page_size", { simple: true }));
    const root = database.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'token_sum'");
    const page = Number(root.pluck().get());
    database.close();
    const file = openSync(path, "r+");
    writeSync(file, Buffer.alloc(size, 0xee), 0, size, (page - 1) * size);
    closeSync(file);
    const reader = createActivityReader({ ...OPTIONS, path });
    await expect(reader.log.listTokens(ALL)).rejects.toMatchObject({
      name: "StoreUnavailable",
      reason: "failed",
      message: expect.stringMatching(/a\.db is damaged; move it away, and the server makes a new/),
    });
    reader.close();
  });

  test("a reader of a file that is not there finds nothing and makes none", async () => {
    const folder = tempFolder();
    const reader = createActivityReader({ ...OPTIONS, path: join(folder, "a.db") });
    expect(await reader.log.listTokens(ALL)).toEqual([]);
    expect(await reader.log.lastUseOf(1)).toBeNull();
    expect(await reader.log.beginsAt()).toBeNull();
    reader.close();
    expect(statSync(folder).isDirectory()).toBe(true);
    expect(() => statSync(join(folder, "a.db"))).toThrow("ENOENT");
  });
});
