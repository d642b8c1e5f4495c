// Reads that are kept: right after every commit of anybody, within bounds, and as time goes on.
import { afterEach, expect, test } from "@jest/globals";
import { openConnection, type Connection } from "../../src/storage/sqlite/connection.js";
import { KeptReads } from "../../src/storage/sqlite/kept-reads.js";
import { Database } from "../../src/storage/sqlite/engine.js";
import { join } from "node:path";
import { tempFolder } from "../support/temp.js";

const open: Connection[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) connection.close();
});

function site(): { readonly own: Connection; readonly other: Connection } {
  const path = join(tempFolder(), "a.db");
  const made = new Database(path);
  made.exec(
    "CREATE TABLE word (id INTEGER PRIMARY KEY, text TEXT); INSERT INTO word VALUES (1, 'a')",
  );
  made.close();
  const own = openConnection(path, 1000);
  const other = openConnection(path, 1000);
  open.push(own, other);
  return { own, other };
}

function counting(connection: Connection, weigh?: () => number) {
  const kept = new KeptReads<string>(connection, weigh);
  const text = connection.prepare<[number], string>("SELECT text FROM word WHERE id = ?").pluck();
  const work = { reads: 0 };
  const get = (id = 1): string =>
    kept.get(id, () => {
      work.reads += 1;
      return text.get(id) ?? "";
    });
  return { get, work };
}

test("asks once as long as nobody commits", () => {
  const { get, work } = counting(site().own);
  expect([get(), get(), get()]).toEqual(["a", "a", "a"]);
  expect(work.reads).toBe(1);
});

test("what another process commits counts at the next read", () => {
  const { own, other } = site();
  const { get } = counting(own);
  expect(get()).toBe("a");
  other.exec("UPDATE word SET text = 'b'");
  expect(get()).toBe("b");
});

test("what the own connection writes counts at the next read", () => {
  const { own } = site();
  const { get } = counting(own);
  expect(get()).toBe("a");
  own.exec("UPDATE word SET text = 'b'");
  expect(get()).toBe("b");
});

test("what a transaction shows of itself is not kept when it is taken back", () => {
  const { own } = site();
  const { get } = counting(own);
  own.exec("BEGIN IMMEDIATE; UPDATE word SET text = 'b'");
  expect(get()).toBe("b");
  own.exec("ROLLBACK");
  expect(get()).toBe("a");
});

/** A connection on which others have committed so often already. */
function longOpen(commits: number): { readonly connection: Connection; write: () => void } {
  let changes = 0;
  const answers = new Map([
    ["PRAGMA data_version", () => commits],
    ["SELECT total_changes()", () => changes],
  ]);
  const prepare = (sql: string) => ({ pluck: () => ({ get: answers.get(sql) }) });
  const connection = { inTransaction: false, prepare } as unknown as Connection;
  return { connection, write: () => void (changes += 1) };
}

test.each([2 ** 21, 2 ** 32 - 1])(
  "each own write counts after others have committed %d times",
  (commits) => {
    const { connection, write } = longOpen(commits);
    const kept = new KeptReads<number>(connection);
    let now = 0;
    for (now = 1; now < 20; now += 1) {
      write();
      expect(kept.get(1, () => now)).toBe(now);
    }
  },
);

test("the oldest answers make room, and one too large is not kept", () => {
  const { own } = site();
  const half = counting(own, () => 2500);
  for (const id of [1, 2, 1, 3, 1]) half.get(id);
  // 1 and 2 were read, 3 displaced 1, which was read again.
  expect(half.work.reads).toBe(4);
  const huge = counting(own, () => 5001);
  huge.get();
  huge.get();
  expect(huge.work.reads).toBe(2);
});
