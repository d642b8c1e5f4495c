// How large the file of sums becomes: hours with as many different rows as may be, written as the server writes them.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ActivitySums } from "../src/domain/activity-sums.js";
import { SUMS_MAX, type Sender } from "../src/domain/activity.js";
import { SqliteActivityStore } from "../src/storage/sqlite/activity-store.js";
import { openActivity } from "../src/storage/sqlite/open-activity.js";

const HOURS = Number(process.argv[2] ?? 24);
const HOUR = 3600;
const TOKENS_PER_HOUR = 100 * HOUR;
const KEPT_HOURS = 90 * 24;
const LIMIT_BYTES = 2_000_000_000;
const START = 500_000 * HOUR;

const folder = mkdtempSync(join(tmpdir(), "dockwarden-size-"));
const path = join(folder, "dockwarden-activity.db");
const opened = openActivity({
  path,
  migrationsDirectory: join(import.meta.dirname, "..", "migrations", "activity"),
  busyTimeoutMs: 1000,
  clock: { now: () => START },
});
if (!opened.ok) throw new Error(opened.error.message);
const connection = opened.value;
const store = new SqliteActivityStore(connection);
let drawn = 0;
const sums = new ActivitySums(() => (drawn = (drawn * 1_103_515_245 + 12_345) % 2 ** 30));

const addressOf = (at: number): string => `10.${at % 8}.${Math.floor(at / 8) % 250}.${at % 250}`;
const ACCOUNTS = 1000;
const IMAGES = 500;
/** Pulls without a login, and names that no account has: more of both than their share. */
function fillStrangers(at: number, sender: Sender, now: number): void {
  if (at >= SUMS_MAX) return;
  const image = `public/library-${at}`;
  const use = { account: "", accountId: null, credential: "", service: "registry" };
  sums.given({ ...use, image, actions: "pull" }, sender, now);
  const refusal = { credential: "password", service: "registry", image, asked: "pull", given: "" };
  const kind = { isStranger: true, isSignIn: true, reason: "unknown_account", path: () => "" };
  sums.refused({ ...refusal, ...kind, tried: `guess-${at}` }, sender, now);
}

/** More combinations of account and image than there are rows. */
function fillHour(hour: number): void {
  for (let at = 0; at < TOKENS_PER_HOUR; at += 1) {
    const account = at % ACCOUNTS;
    const image = `models/family-${(at * 7 + hour) % 50}/variant-${Math.floor(at / 1000) % 10}`;
    const sender = { address: addressOf(account * 4 + (at % 4)), program: "docker/29.1.3" };
    const now = START + hour * HOUR + Math.floor(at / 100);
    const name = `account-${account}`;
    fillStrangers(at, sender, now);
    const common = { credential: "password:1", service: "registry", image };
    sums.given({ ...common, account: name, accountId: account, actions: "pull" }, sender, now);
    if (at >= SUMS_MAX * 2) continue;
    const path = (): string => `${image} grants pull to group:team-${account % 40}`;
    const kind = { isStranger: false, isSignIn: false };
    const refusal = { ...common, ...kind, tried: name, asked: "pull,push", given: "pull" };
    sums.refused({ ...refusal, reason: "not_allowed", path }, sender, now);
  }
}

const rows = { count: 0 };
const began = process.cpuUsage();
for (let hour = 0; hour < HOURS; hour += 1) {
  fillHour(hour);
  for (;;) {
    const batch = sums.take(250);
    const length = batch.tokens.length + batch.refusals.length;
    if (length + batch.uses.length === 0) break;
    rows.count += length;
    await store.write(batch);
  }
}
const cpu = process.cpuUsage(began);
connection.pragma("wal_checkpoint(TRUNCATE)");
const fileBytes = statSync(path).size;
const tables = new Map(
  connection
    .prepare<[], [string, number, number]>(
      "SELECT name, sum(pgsize), sum(ncell) FROM dbstat GROUP BY name",
    )
    .raw()
    .all()
    .map(([name, bytes, cells]) => [name, { bytes, cells }]),
);
connection.close();
rmSync(folder, { recursive: true });

/** Tables that grow with every hour; the others with how many accounts, images and addresses there are. */
const HOURLY = ["token_sum", "refusal_sum", "refusal_by_reference"];
const bytesOf = (name: string): number => tables.get(name)?.bytes ?? 0;
const perHour = HOURLY.reduce((sum, name) => sum + bytesOf(name), 0) / HOURS;
const use = tables.get("image_use") ?? { bytes: 0, cells: 1 };
const allUses = (use.bytes / use.cells) * ACCOUNTS * IMAGES;
const rest = fileBytes - perHour * HOURS - use.bytes;
const kept = perHour * KEPT_HOURS + allUses + rest;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
process.stdout.write(
  [
    `hours written: ${HOURS}, each of 100 tokens/s and as many refusals as are kept apart`,
    `rows: ${rows.count}, ${(rows.count / HOURS).toFixed(0)} an hour`,
    `an hour: ${megabytes(perHour)}, ${((perHour * HOURS) / rows.count).toFixed(0)} bytes a row with its index`,
    `last use of every image by every account (${ACCOUNTS} × ${IMAGES}): ${megabytes(allUses)}; texts: ${megabytes(rest)}`,
    `90 days: ${megabytes(kept)} (${((kept / LIMIT_BYTES) * 100).toFixed(0)} % of 2 GB)`,
    `CPU time, the making of the requests included: ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s`,
    "",
  ].join("\n"),
);
if (kept > LIMIT_BYTES) process.exitCode = 1;
