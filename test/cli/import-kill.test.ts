// An import that is killed in the middle of its work, again and again: everything of it is there, or nothing.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { openCliSite } from "../support/cli-site.js";
import { waitUntil } from "../support/poll.js";
import { findEntry } from "../support/program-entry.js";

const USERS = 10_000;
/** Made by `htpasswd -nbBC 4`. */
const BCRYPT = "$2y$04$z8JOiLkZx4c4DbOgloLe6.m5Ku2e4khN9Yya5nTQOdSNPMDPyMpxW";

test("L06: an import of 10,000 users that is killed while it writes leaves all of them or none", async () => {
  const site = await openCliSite();
  const { folder } = site.workspace;
  const store = join(folder, "data", "dockwarden.db");
  const file = join(folder, "htpasswd");
  const written = () =>
    statSync(store).size + (statSync(`${store}-wal`, { throwIfNoEntry: false })?.size ?? 0);
  const count = (prefix: string) => {
    // Not only to read: closing it takes the write-ahead log in, and the next import begins a new one.
    const database = new Database(store);
    try {
      expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
      const accounts = "SELECT count(*) FROM account WHERE name LIKE ? || '%'";
      const members =
        "SELECT count(*) FROM group_member m JOIN account a ON a.id = m.account_id WHERE a.name LIKE ? || '%'";
      return [accounts, members].map((sql) => database.prepare(sql).pluck().get(prefix));
    } finally {
      database.close();
    }
  };
  /** Somebody else writes in a transaction. */
  const isWriting = () => {
    const database = new Database(store, { timeout: 0 });
    try {
      database.exec("BEGIN IMMEDIATE; ROLLBACK");
      return false;
    } catch (error) {
      if ((error as { readonly code?: unknown }).code === "SQLITE_BUSY") return true;
      throw error;
    } finally {
      database.close();
    }
  };
  const moments = { writing: isWriting, written: (before: number) => written() > before + 65_536 };
  try {
    for (const [prefix, isMoment] of Object.entries(moments)) {
      const names = Array.from({ length: USERS }, (_, at) => `${prefix}-${at}:${BCRYPT}\n`);
      await writeFile(file, names.join(""));
      const [program, ...words] = findEntry();
      const before = written();
      const args = ["import", "htpasswd", file, "--groups", "team", "--config", site.configFile];
      const child = spawn(program, [...words, ...args], { stdio: "ignore" });
      const ended = once(child, "close");
      await waitUntil(
        "the import's writing",
        async () => isMoment(before) || child.exitCode !== null,
        60_000,
      );
      child.kill("SIGKILL");
      await ended;
      expect([
        [0, 0],
        [USERS, USERS],
      ]).toContainEqual(count(prefix));
    }
    const outcome = await site.run(["import", "htpasswd", file, "--groups", "team"]);
    expect(outcome.code).toBe(0);
    expect(count("written")).toEqual([USERS, USERS]);
  } finally {
    await site.close();
  }
}, 180_000);
