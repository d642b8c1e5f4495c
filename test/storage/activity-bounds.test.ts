// What bounds the file of sums: uses of images an account and in all, the file's size; and what always stays.
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { ActivityBatch } from "../../src/domain/activity-sums.js";
import { ActivitySums } from "../../src/domain/activity-sums.js";
import type { LastUse } from "../../src/domain/activity-uses.js";
import { SqliteActivityLog } from "../../src/storage/sqlite/activity-log.js";
import { SqliteActivityStore } from "../../src/storage/sqlite/activity-store.js";
import type { Connection } from "../../src/storage/sqlite/connection.js";
import { openActivity } from "../../src/storage/sqlite/open-activity.js";
import { from, REFUSED, USE } from "../support/activity-site.js";
import { tempFolder } from "../support/temp.js";

const HOUR = 3600;
const START = 500_000 * HOUR;
const HERE = from("192.0.2.1");
const ALL = { account: null, image: null, service: null, since: null, until: null, limit: 100_000 };

let connection: Connection;
let log: SqliteActivityLog;

beforeEach(() => {
  const opened = openActivity({
    path: join(tempFolder(), "dockwarden-activity.db"),
    migrationsDirectory: "migrations/activity",
    busyTimeoutMs: 1000,
    clock: { now: () => START },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  connection = opened.value;
  log = new SqliteActivityLog(connection);
});

afterEach(() => {
  connection.close();
});

function batchOf(uses: readonly LastUse[]): ActivityBatch {
  return { tokens: [], refusals: [], uses, putBack: () => undefined };
}

/** An account's uses of so many images, one a second. */
function usesOf(accountId: number, from: number, count: number): readonly LastUse[] {
  const use = { accountId, image: "", lastAt: START };
  const name = (at: number): string => `team/${"x".repeat(200)}-${at}`;
  const images = Array.from({ length: count }, (_none, at) => ({
    accountId,
    image: name(from + at),
    lastAt: START + from + at,
  }));
  return [use, ...images];
}

async function countUses(): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>();
  await log.visitImageUses(({ accountId }) => {
    counts.set(accountId, (counts.get(accountId) ?? 0) + 1);
  });
  return counts;
}

async function pruneAll(store: SqliteActivityStore, now: number): Promise<readonly number[]> {
  const pruned: number[] = [];
  for (;;) {
    const rows = await store.pruneHour(0, now);
    if (rows === null || pruned.length > 10_000) return pruned;
    pruned.push(rows);
  }
}

describe("last uses of images", () => {
  test("an account has at most the newest 1,000; another's stay", async () => {
    const store = new SqliteActivityStore(connection);
    await store.write(batchOf(usesOf(1, 0, 3)));
    for (let at = 0; at < 3000; at += 250) await store.write(batchOf(usesOf(7, at, 250)));
    expect(await countUses()).toEqual(new Map([...[[1, 3] as const], ...[[7, 1000] as const]]));
    const images: LastUse[] = [];
    await log.visitImageUses((use) => images.push(use));
    const oldest = images.filter(({ accountId }) => accountId === 7).map(({ lastAt }) => lastAt);
    expect(Math.min(...oldest)).toBe(START + 2000);
  });

  test("a new writer counts what is there", async () => {
    await new SqliteActivityStore(connection).write(batchOf(usesOf(7, 0, 1000)));
    await new SqliteActivityStore(connection).write(batchOf(usesOf(7, 1000, 10)));
    expect(await countUses()).toEqual(new Map([[7, 1000]]));
  });

  test("what was used long ago and is used again is the newest", async () => {
    const store = new SqliteActivityStore(connection);
    await store.write(batchOf(usesOf(7, 0, 1000)));
    const [, first] = usesOf(7, 0, 1);
    await store.write(batchOf([{ accountId: 7, image: first?.image ?? "", lastAt: START + 5000 }]));
    await store.write(batchOf(usesOf(7, 1000, 5)));
    const images: string[] = [];
    await log.visitImageUses(({ image }) => images.push(image));
    expect(images).toContain(first?.image);
  });

  test("in all there is a bound, too: beyond it each account that adds keeps an equal share", async () => {
    const store = new SqliteActivityStore(connection, Infinity, 1000);
    await store.write(batchOf(usesOf(1, 0, 3)));
    for (const account of [7, 8, 9]) await store.write(batchOf(usesOf(account, 0, 800)));
    await store.write(batchOf(usesOf(7, 800, 10)));
    expect(await countUses()).toEqual(
      new Map([
        [1, 3],
        [7, 250],
        [8, 333],
        [9, 250],
      ]),
    );
  });
});

describe("a file that has grown too large", () => {
  /** Sums of so many hours, the last one the hour of `now`. */
  async function fill(hours: number): Promise<{ readonly now: number }> {
    let drawn = 0;
    const sums = new ActivitySums(() => (drawn += 1));
    for (let hour = 0; hour < hours; hour += 1) {
      for (let at = 0; at < 20; at += 1) {
        sums.refused({ ...REFUSED, image: `i/${at}` }, HERE, START + hour * HOUR);
        sums.given({ ...USE, image: `i/${at}` }, HERE, START + hour * HOUR);
      }
    }
    await new SqliteActivityStore(connection).write(sums.take(100_000));
    return { now: START + (hours - 1) * HOUR + 60 };
  }

  test("a flood of image names takes no hour: uses of images go first", async () => {
    const { now } = await fill(5);
    const before = connection.pragma("page_count", { simple: true }) as number;
    const writer = new SqliteActivityStore(connection);
    for (let account = 0; account < 100; account += 1) {
      await writer.write(batchOf(usesOf(account, 0, 1000)));
    }
    const grown = connection.pragma("page_count", { simple: true }) as number;
    const most = Math.floor((before + grown * 0.7) * 4096);
    const small = new SqliteActivityStore(connection, most);
    expect(await small.isTooLarge()).toBe(true);
    expect(new Set(await pruneAll(small, now))).toEqual(new Set([0]));
    expect(await small.isTooLarge()).toBe(false);
    const hours = connection.prepare("SELECT count(DISTINCT hour) FROM token_sum").pluck().get();
    expect(hours).toBe(5);
    expect(await log.beginsAt()).toBe(START);
    expect([...(await countUses()).values()]).toContain(500);
  });

  test("the hour of now stays, whatever the size, and nothing after now is called forgotten", async () => {
    const { now } = await fill(3);
    const small = new SqliteActivityStore(connection, 1);
    expect(await pruneAll(small, now)).toEqual([40, 40]);
    expect(await small.isTooLarge()).toBe(true);
    expect(await log.listRefusals(ALL)).toHaveLength(20);
    expect(await log.beginsAt()).toBe(START + 2 * HOUR);
  });

  test("hours ahead of the clock stay, too", async () => {
    await fill(3);
    const small = new SqliteActivityStore(connection, 1);
    expect(await pruneAll(small, START + 60)).toEqual([]);
    expect(await log.beginsAt()).toBe(START);
  });
});
