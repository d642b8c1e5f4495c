// The writer of the audit's sums over a stop and a start, and at the bound of its file.
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { startActivityWriter, type ActivityWriter } from "../src/activity-writer.js";
import type { RefusalSum, TokenSum } from "../src/domain/activity.js";
import { createActivityReader } from "../src/storage/sqlite/activity-reader.js";
import { from, REFUSED, USE } from "./support/activity-site.js";
import { tempFolder } from "./support/temp.js";

const HOUR = 3600;
const START = 500_000 * HOUR;
const HERE = from("192.0.2.1");
const ALL = { account: null, image: null, service: null, since: null, until: null, limit: 100_000 };
const ignore = (): void => undefined;

interface Site {
  readonly now: { at: number };
  start(): Promise<ActivityWriter>;
  read(): Promise<{
    readonly tokens: readonly TokenSum[];
    readonly refusals: readonly RefusalSum[];
  }>;
}

function openSite(maxBytes?: number): Site {
  const now = { at: START };
  const options = {
    path: join(tempFolder(), "dockwarden-activity.db"),
    migrationsDirectory: "migrations/activity",
    clock: { now: () => now.at },
  };
  return {
    now,
    start: async () => {
      const log = { info: ignore, warn: ignore, error: ignore, debug: ignore };
      const more = maxBytes === undefined ? {} : { maxBytes };
      const writer = startActivityWriter({ ...options, ...more, retentionDays: 90, log });
      // As before the first request: what waits for no I/O is done.
      await new Promise((resolve) => setImmediate(resolve));
      return writer;
    },
    read: async () => {
      const reader = createActivityReader({ ...options, busyTimeoutMs: 1000 });
      const tokens = await reader.log.listTokens(ALL);
      const refusals = await reader.log.listRefusals(ALL);
      reader.close();
      return { tokens, refusals };
    },
  };
}

describe("the writer of sums", () => {
  test("a start in the same hour begins no new share, for accounts, sign-ins and strangers alike", async () => {
    const site = openSite();
    for (const round of [1, 2]) {
      const writer = await site.start();
      for (let at = 0; at < 700; at += 1) {
        const image = `${round}/${at}`;
        writer.given({ ...USE, image }, HERE);
        writer.given({ ...USE, account: "", accountId: null, image }, HERE);
        writer.refused({ ...REFUSED, image }, HERE);
        writer.refused({ ...REFUSED, tried: "", isStranger: true, image }, HERE);
        const guess = { ...REFUSED, isSignIn: true, reason: "bad_password" };
        writer.refused({ ...guess, tried: `n${round}-${at}` }, HERE);
      }
      await writer.stop();
    }
    const { tokens, refusals } = await site.read();
    const count = (rows: readonly unknown[]): number => rows.length;
    const apart = refusals.filter(({ isRest }) => !isRest);
    expect({
      account: count(tokens.filter(({ accountId }) => accountId === USE.accountId)),
      anonymous: count(tokens.filter((row) => row.accountId === null && !row.isRest)),
      refused: count(apart.filter(({ tried }) => tried === "alice")),
      strangers: count(apart.filter(({ tried }) => tried === "")),
      signIns: count(apart.filter(({ reason }) => reason === "bad_password")),
    }).toEqual({ account: 500, anonymous: 1000, refused: 500, strangers: 1000, signIns: 1000 });
    const all = [...tokens, ...refusals].reduce((sum, row) => sum + row.count, 0);
    expect(all).toBe(2 * 5 * 700);
  });

  test("the next hour has whole shares again", async () => {
    const site = openSite();
    for (const at of [START, START + HOUR]) {
      site.now.at = at;
      const writer = await site.start();
      for (let image = 0; image < 400; image += 1) {
        writer.refused({ ...REFUSED, image: `i/${image}` }, HERE);
      }
      await writer.stop();
    }
    const { refusals } = await site.read();
    expect(refusals.filter(({ isRest }) => !isRest)).toHaveLength(800);
  });

  test("a batch that makes the file too large makes it forget at once, but never the hour that runs", async () => {
    const site = openSite(1);
    const writer = await site.start();
    writer.refused({ ...REFUSED, image: "old" }, HERE);
    site.now.at += 2 * HOUR;
    writer.refused({ ...REFUSED, image: "new" }, HERE);
    await writer.stop();
    expect((await site.read()).refusals.map(({ image }) => image)).toEqual(["new"]);
  });

  test("a flush ends however many requests come while it writes, and the next one has them", async () => {
    const site = openSite();
    const writer = await site.start();
    const turns = { left: 100 };
    const come = (): void => {
      writer.given(USE, HERE);
      turns.left -= 1;
      if (turns.left > 0) setImmediate(come);
    };
    come();
    await writer.stop();
    expect(turns.left).toBeGreaterThan(50);
    expect((await site.read()).tokens).toMatchObject([{ account: USE.account }]);
  });
});
