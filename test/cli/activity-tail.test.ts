// `audit tail` where the clock was ahead for a while: it shows what comes, and says what lies ahead.
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { runCli } from "../../src/cli/run-cli.js";
import { from, REFUSED, writeActivity } from "../support/activity-site.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { waitUntil } from "../support/poll.js";

const NOW = Math.floor(Date.now() / 1000);
const AHEAD = NOW + 30 * 86_400;

let site: CliSite;
const refuse = (image: string, at: number): Promise<void> =>
  writeActivity(join(site.workspace.folder, "data", "dockwarden-activity.db"), NOW, (sums) => {
    sums.refused({ ...REFUSED, image }, from("192.0.2.1"), at);
  });

beforeAll(async () => {
  site = await openCliSite();
});

afterAll(() => site.close());

test("tail shows what comes though an hour of the future is on record, and says up to when", async () => {
  await refuse("ahead/app", AHEAD);
  const seen = { out: "", note: "", isOver: false };
  const ended = runCli(["audit", "tail", "--denied", "--config", site.configFile], {
    out: (text) => void (seen.out += text),
    note: (text) => void (seen.note += text),
    isTerminal: false,
    stdin: Readable.from([]) as unknown as NodeJS.ReadStream,
    isReaderGone: () => seen.isOver,
  });
  try {
    await waitUntil("tail to follow", async () => seen.note.includes("following"));
    await waitUntil("the word", async () => seen.note.includes("records lie ahead of this clock"));
    await refuse("now/app", NOW);
    await waitUntil("what was refused now", async () => seen.out.includes("now/app"));
    // As a writer does that could not write for hours.
    await refuse("late/app", NOW - 5 * 3600);
    await waitUntil("what was refused hours ago", async () => seen.out.includes("late/app"));
  } finally {
    seen.isOver = true;
    expect(await ended).toBe(0);
  }
  expect(seen.note).toContain(
    `up to ${new Date(AHEAD * 1000).toISOString().replace(".000", "")}: it was wrong when they were made`,
  );
  expect(seen.out).not.toContain("ahead/app");
});
