// The file of wrong passwords: what is in it, how much, shared by processes, and what a restarted clock leaves of it.
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Guess } from "../../src/domain/throttle.js";
import type { Connection } from "../../src/storage/sqlite/connection.js";
import { SqliteGuessStore } from "../../src/storage/sqlite/guess-store.js";
import { guessesPathOf, openGuesses } from "../../src/storage/sqlite/open-guesses.js";
import { SETTINGS } from "../support/fake-guard.js";
import { tempFolder } from "../support/temp.js";

const START = 1_000_000;
const TODAY = 1_800_000_000;
const DAY = 86_400;
const HERE = "192.0.2.1";
const ALICE = { kind: "account", id: 1, unlockMark: 0 } as const;
const guessAt = (change: Partial<Guess>): Guess => ({
  target: ALICE,
  source: HERE,
  name: "alice",
  password: "wrong",
  ...change,
});

describe("the file of wrong passwords", () => {
  let path: string;
  const connections: Connection[] = [];

  const open = (now = START, entries = 1000): SqliteGuessStore => {
    const opened = openGuesses({
      path,
      migrationsDirectory: "migrations/guesses",
      busyTimeoutMs: 1000,
      clock: { now: () => TODAY },
    });
    if (!opened.ok) throw new Error(opened.error.message);
    connections.push(opened.value);
    return new SqliteGuessStore(opened.value, { settings: SETTINGS, entries }, now);
  };
  const lockOf = (store: SqliteGuessStore, target: Guess["target"] = ALICE, source = HERE) =>
    store.look(target, source, TODAY).account.lockedUntil;
  const guessTen = (store: SqliteGuessStore, change: Partial<Guess> = {}, now = START): void => {
    for (let at = 0; at < 10; at += 1) {
      store.noteFailure(guessAt({ password: `${now} ${at}`, ...change }), now);
    }
  };

  beforeEach(() => {
    path = join(tempFolder(), "dockwarden-guesses.db");
  });

  afterEach(() => {
    for (const connection of connections.splice(0)) connection.close();
  });

  test("lies beside the store, for its owner alone", () => {
    open();
    expect(guessesPathOf("/srv/data/dockwarden.db")).toBe("/srv/data/dockwarden-guesses.db");
    expect(guessesPathOf("/srv/data/store")).toBe("/srv/data/store-guesses.db");
    for (const suffix of ["", "-wal", "-shm"]) {
      expect(statSync(`${path}${suffix}`).mode & 0o777).toBe(0o600);
    }
  });

  test("I08: is shared: two servers count together, and agree on marks and networks", () => {
    const [one, two] = [open(), open()];
    for (let at = 0; at < 10; at += 1) {
      const guess = guessAt({ password: `guess-${at}` });
      one.noteFailure(guess, START);
      two.noteFailure(guess, START);
      if (at < 9) expect(lockOf(one)).toBe(0);
    }
    expect([lockOf(one), lockOf(two)]).toEqual([START + 60, START + 60]);
    one.noteKnown(1, HERE, TODAY);
    expect(two.look(ALICE, HERE, TODAY).isKnown).toBe(true);
  });

  test("outlives the server: the next one goes on", () => {
    guessTen(open());
    expect(lockOf(open(START + 5))).toBe(START + 60);
  });

  test("`user unlock` is another number: nothing counted before counts", () => {
    const store = open();
    guessTen(store);
    expect(lockOf(store, { ...ALICE, unlockMark: 1 })).toBe(0);
  });

  test("holds no password, and no name that nobody has", () => {
    const store = open();
    const name = "hunter2-typed-as-name";
    const password = "canary-cf6e1b";
    store.noteFailure({ target: { kind: "name", name }, source: HERE, name, password }, START);
    store.noteFailure(
      { target: { kind: "none" }, source: HERE, name: "canary name", password },
      START,
    );
    const bytes = ["", "-wal"].map((suffix) => readFileSync(`${path}${suffix}`, "latin1")).join();
    expect(bytes).toContain("name:");
    for (const text of [name, password, "canary name", Buffer.from(password).toString("base64")]) {
      expect(bytes).not.toContain(text);
    }
  });

  test("makes numbers of its own: another file knows the same password by another mark", () => {
    const one = open();
    one.noteFailure(guessAt({}), START);
    const first = one.look(ALICE, HERE, TODAY);
    path = join(tempFolder(), "dockwarden-guesses.db");
    const two = open();
    two.noteFailure(guessAt({}), START);
    expect(two.look(ALICE, HERE, TODAY).networkNumber).not.toBe(first.networkNumber);
  });

  test("writes nothing for a failure that it knows", () => {
    const store = open();
    store.noteFailure(guessAt({}), START);
    const locker = open();
    locker.noteFailure(guessAt({ password: "other" }), START);
    connections[1]?.exec("BEGIN IMMEDIATE");
    connections[0]?.pragma("busy_timeout = 1");
    store.noteFailure(guessAt({}), START + 1);
    expect(() => {
      store.noteFailure(guessAt({ password: "new" }), START + 1);
    }).toThrow("locked");
  });

  test("J08: never holds more than `throttle.entries` of a kind; the ones that wait stay", () => {
    const store = open();
    const ghost = { kind: "name", name: "ghost" } as const;
    guessTen(store, { target: ghost, name: "ghost" });
    guessTen(store);
    for (let at = 0; at < 3000; at += 1) {
      const name = `n${at}`;
      const source = `10.0.${at >> 8}.${at & 255}`;
      store.noteFailure({ target: { kind: "name", name }, source, name, password: "x" }, START + 1);
    }
    const count = connections[0]?.prepare("SELECT kind, count(*) AS n FROM attempts GROUP BY kind");
    expect(count?.all()).toEqual([
      { kind: "account", n: 1 },
      { kind: "name", n: 1000 },
      { kind: "network", n: 1000 },
    ]);
    expect(connections[0]?.prepare("SELECT kind, count AS n FROM attempts_count").all()).toEqual(
      count?.all(),
    );
    expect(lockOf(store, ghost)).toBe(START + 60);
    expect(lockOf(store)).toBe(START + 60);
  });

  test("J08: what is shut goes last of all", () => {
    const store = open(START, 3);
    // Of 120 passwords more than a hundred have a mark of their own.
    for (let at = 0; at < 120; at += 1) {
      store.noteFailure(guessAt({ password: `slow-${at}` }), START + at * 1000);
    }
    const later = START + 200_000;
    for (let id = 2; id < 20; id += 1) {
      guessTen(store, { target: { kind: "account", id, unlockMark: 0 } }, later);
    }
    expect(store.look(ALICE, HERE, TODAY).account.isShut).toBe(true);
  });

  describe("known networks", () => {
    test("are 64 an account, the latest ones", () => {
      const store = open();
      for (let at = 0; at < 70; at += 1) store.noteKnown(1, `10.0.0.${at}`, TODAY + at);
      const known = Array.from({ length: 70 }, (_, at) => at).filter(
        (at) => store.look(ALICE, `10.0.0.${at}`, TODAY).isKnown,
      );
      expect(known).toEqual(Array.from({ length: 64 }, (_, at) => at + 6));
    });

    test("are the account's own, outlast `user unlock` and are forgotten after 90 days", () => {
      const store = open();
      store.noteKnown(1, HERE, TODAY);
      const isKnown = (target: Guess["target"], today = TODAY) =>
        store.look(target, HERE, today).isKnown;
      expect(isKnown(ALICE)).toBe(true);
      expect(isKnown({ ...ALICE, unlockMark: 3 })).toBe(true);
      expect(isKnown({ ...ALICE, id: 2 })).toBe(false);
      expect(isKnown({ kind: "name", name: "alice" })).toBe(false);
      expect(isKnown({ kind: "none" })).toBe(false);
      expect(isKnown(ALICE, TODAY + 90 * DAY - 1)).toBe(true);
      expect(isKnown(ALICE, TODAY + 90 * DAY)).toBe(false);
    });

    test("cost a write a day, not a sign-in", () => {
      const store = open();
      store.noteKnown(1, HERE, TODAY);
      open();
      connections[1]?.exec("BEGIN IMMEDIATE");
      connections[0]?.pragma("busy_timeout = 1");
      store.noteKnown(1, HERE, TODAY + DAY - 1);
      expect(() => {
        store.noteKnown(1, HERE, TODAY + DAY);
      }).toThrow("locked");
    });
  });

  test("D05: after the machine's restart nobody waits for the clock of before; what was shut stays", () => {
    const store = open();
    guessTen(store, { target: { ...ALICE, id: 2 } });
    // Of 120 passwords more than a hundred have a mark of their own.
    for (let at = 0; at < 120; at += 1) {
      store.noteFailure(guessAt({ password: `slow-${at}` }), START + at * 1000);
    }
    const restarted = open(40);
    expect(lockOf(restarted, { ...ALICE, id: 2 })).toBe(0);
    expect(restarted.look(ALICE, HERE, TODAY).account.isShut).toBe(true);
    guessTen(restarted, { target: { ...ALICE, id: 2 } }, 41);
    expect(lockOf(restarted, { ...ALICE, id: 2 })).toBe(101);
  });
});
