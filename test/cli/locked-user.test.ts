// An account that wrong passwords have locked: seen by `user show`, opened by `user unlock`.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { steadySeconds } from "../../src/open-parts.js";
import { SqliteGuessStore } from "../../src/storage/sqlite/guess-store.js";
import { openGuesses } from "../../src/storage/sqlite/open-guesses.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";
import { SETTINGS } from "../support/fake-guard.js";

describe("an account that is guessed at", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "alice", "pull");
  });

  afterAll(() => site.close());

  /** So many distinct wrong passwords, noted a thousand seconds apart, the last one now. */
  function guess(count: number, id: number, apart: number): void {
    const opened = openGuesses({
      path: join(site.workspace.folder, "data", "dockwarden-guesses.db"),
      migrationsDirectory: "migrations/guesses",
      busyTimeoutMs: 1000,
      clock: { now: () => 1_800_000_000 },
    });
    if (!opened.ok) throw new Error(opened.error.message);
    const now = steadySeconds();
    const store = new SqliteGuessStore(opened.value, { settings: SETTINGS, entries: 1000 }, now);
    const target = { kind: "account", id, unlockMark: 0 } as const;
    for (let at = 0; at < count; at += 1) {
      const guessed = { target, source: "192.0.2.1", name: "alice", password: `wrong ${at}` };
      store.noteFailure(guessed, now - (count - 1 - at) * apart);
    }
    opened.value.close();
  }

  test("is shown as open without the file of wrong passwords, and after a few of them", async () => {
    expect(await site.json("user", "show", "alice")).toMatchObject({ lock: null });
    guess(3, 2, 0);
    expect(await site.json("user", "show", "alice")).toMatchObject({ lock: null });
    expect(await site.must("user", "show", "alice")).not.toContain("wrong passwords");
  });

  test("is shown as locked with the seconds and the command, and opened by it", async () => {
    guess(10, 2, 0);
    expect(await site.must("user", "show", "alice")).toMatch(
      /wrong passwords +locked for \d+ s more, but for addresses that it signed in from: dockwarden user unlock alice/,
    );
    expect(await site.json("user", "show", "alice")).toMatchObject({ lock: { shut: false } });
    await site.must("user", "unlock", "alice");
    expect(await site.json("user", "show", "alice")).toMatchObject({ lock: null });
  });

  test("is shown as shut after more than a hundred", async () => {
    await addCliUser(site, "bob", "pull");
    guess(120, 3, 1);
    expect(await site.must("user", "show", "bob")).toMatch(/wrong passwords +shut until somebody/);
    expect(await site.json("user", "show", "bob")).toMatchObject({ lock: { shut: true } });
  });
});
