// Counting wrong passwords goes on whatever happens to the file: in memory, with a warning, and back in the file later.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { keepGuesses, steadyClock, type GuessKeeper } from "../src/guess-keeper.js";
import type { LogEvent } from "../src/http/log.js";
import { Database } from "../src/storage/sqlite/engine.js";
import { SETTINGS } from "./support/fake-guard.js";
import { waitUntil } from "./support/poll.js";
import { tempFolder } from "./support/temp.js";

const TODAY = 1_800_000_000;
const HERE = "192.0.2.1";
const ALICE = { kind: "account", id: 1, unlockMark: 0 } as const;

describe("the count of wrong passwords", () => {
  let path: string;
  let log: LogEvent[];
  let steady: { seconds: number };
  const keepers: GuessKeeper[] = [];

  const keep = (): GuessKeeper => {
    const push = (event: LogEvent): void => void log.push(event);
    const keeper = keepGuesses({
      path,
      migrationsDirectory: "migrations/guesses",
      settings: SETTINGS,
      entries: 1000,
      clock: { now: () => TODAY },
      steady: { now: () => steady.seconds },
      log: { info: push, warn: push, error: push, debug: push },
    });
    keepers.push(keeper);
    return keeper;
  };
  const guessTen = async (keeper: GuessKeeper): Promise<void> => {
    for (let at = 0; at < 10; at += 1) {
      const guess = { target: ALICE, source: HERE, name: "alice", password: `guess-${at}` };
      await keeper.noteFailure(guess, steady.seconds);
    }
  };
  const isLocked = async (keeper: GuessKeeper): Promise<boolean> =>
    (await keeper.look(ALICE, HERE, TODAY)).account.lockedUntil > steady.seconds;
  const events = () => log.map(({ evt }) => evt);

  beforeEach(() => {
    path = join(tempFolder(), "dockwarden-guesses.db");
    log = [];
    steady = { seconds: 1_000_000 };
  });

  afterEach(() => {
    for (const keeper of keepers.splice(0)) keeper.stop();
  });

  test("is in the file, and nobody is warned", async () => {
    const keeper = keep();
    await guessTen(keeper);
    expect(keeper.findTrouble()).toBeNull();
    expect(await isLocked(keep())).toBe(true);
    expect(log).toEqual([]);
  });

  test.each([
    [
      "damaged",
      () => {
        writeFileSync(path, "not a database".padEnd(8192, "!"), { mode: 0o600 });
      },
      "is damaged; move it away",
    ],
    [
      "open to others",
      () => {
        writeFileSync(path, "", { mode: 0o644 });
        chmodSync(path, 0o644);
      },
      "is open to others",
    ],
    [
      "a folder",
      () => {
        mkdirSync(path);
      },
      "is not a regular file",
    ],
    [
      "somebody else's",
      () => {
        const other = new Database(path);
        other.exec("CREATE TABLE theirs (x)");
        other.close();
        chmodSync(path, 0o600);
      },
      "is not a file of Dockwarden's",
    ],
  ])("is kept in memory where the file is %s, and says so once", async (_what, spoil, reason) => {
    spoil();
    const keeper = keep();
    await guessTen(keeper);
    expect(await isLocked(keeper)).toBe(true);
    expect(keeper.findTrouble()).toContain(reason);
    steady.seconds += 30;
    expect(await isLocked(keeper)).toBe(true);
    expect(events()).toEqual(["guesses.in_memory"]);
  });

  test("returns to the file within half a minute after it was mended", async () => {
    mkdirSync(path);
    const keeper = keep();
    await guessTen(keeper);
    rmSync(path, { recursive: true });
    steady.seconds += 29;
    await guessTen(keeper);
    expect(existsSync(path)).toBe(false);
    steady.seconds += 1;
    await guessTen(keeper);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(keeper.findTrouble()).toBeNull();
    expect(events()).toEqual(["guesses.in_memory", "guesses.in_file"]);
    expect(await isLocked(keep())).toBe(true);
  });

  test("goes on when the file becomes damaged while it is open", async () => {
    const keeper = keep();
    await guessTen(keeper);
    const other = new Database(path);
    other.pragma("writable_schema = ON");
    other.exec("DROP TABLE attempts");
    other.close();
    await guessTen(keeper);
    expect(await isLocked(keeper)).toBe(true);
    expect(keeper.findTrouble()).toContain("no such table");
    // The file opens, but is of no use: what was counted meanwhile is not lost by trying.
    steady.seconds += 30;
    expect(await isLocked(keeper)).toBe(true);
    expect(new Set(events())).toEqual(new Set(["guesses.in_memory"]));
  });

  test("makes a new file where the old one was moved away", async () => {
    const keeper = keep();
    await guessTen(keeper);
    for (const name of readdirSync(join(path, ".."))) {
      renameSync(join(path, "..", name), join(path, "..", `${name}.away`));
    }
    // Looked at once a second, as the store's own file.
    await waitUntil("a new file", async () => {
      await keeper.look(ALICE, HERE, TODAY);
      return existsSync(path);
    });
    expect(await isLocked(keeper)).toBe(false);
    await guessTen(keeper);
    expect(await isLocked(keep())).toBe(true);
    expect(log).toEqual([]);
  });

  test("waits for another server's write instead of leaving the file", async () => {
    const keeper = keep();
    const writer = new Database(path);
    writer.exec("BEGIN IMMEDIATE");
    const noted = guessTen(keeper);
    await Promise.resolve();
    writer.exec("COMMIT");
    writer.close();
    await noted;
    expect(await isLocked(keeper)).toBe(true);
    expect(keeper.findTrouble()).toBeNull();
  });

  test("refuses nobody for good while the file can't be written", async () => {
    const keeper = keep();
    const writer = new Database(path);
    writer.exec("BEGIN IMMEDIATE");
    await guessTen(keeper);
    expect(await isLocked(keeper)).toBe(true);
    expect(events()).toEqual(["guesses.in_memory"]);
    writer.close();
    steady.seconds += 30;
    await guessTen(keeper);
    expect(keeper.findTrouble()).toBeNull();
  });
});

test("D05: the steady clock counts whole seconds and does not run backwards", () => {
  const first = steadyClock.now();
  expect(Number.isSafeInteger(first)).toBe(true);
  expect(steadyClock.now()).toBeGreaterThanOrEqual(first);
});
