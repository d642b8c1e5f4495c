// How large the file of sums becomes: hours with as many different rows as may be, written as the server writes them.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ActivitySums } from "../src/domain/activity-sums.js";
import { SUMS_MAX, USED_IMAGES_MAX, type Sender } from "../src/domain/activity.js";
import { FILE_MAX_BYTES, SqliteActivityStore } from "../src/storage/sqlite/activity-store.js";
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

/** Of the flood's names; hours of it beyond the first. */
const NAME_CHARACTERS = 200;
const FLOOD_HOURS = 5;
const measured: { first: Tables } = { first: new Map() };

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
    const guess = { ...common, tried: name, credential: "password", asked: "pull", given: "" };
    const failed = { isStranger: false, isSignIn: true, reason: "bad_password", path: () => "" };
    sums.refused({ ...guess, ...failed }, sender, now);
    const path = (): string => `${image} grants pull to group:team-${account % 40}`;
    const kind = { isStranger: false, isSignIn: false };
    const refusal = { ...common, ...kind, tried: name, asked: "pull,push", given: "pull" };
    sums.refused({ ...refusal, reason: "not_allowed", path }, sender, now);
  }
}

/** One account that asks for long names that never come again, given to pull and refused to push: more than its share. */
function floodNames(hour: number): void {
  const now = START + hour * HOUR + HOUR - 1;
  const sender = { address: "10.9.9.9", program: "docker/29.1.3" };
  for (let at = 0; at < SUMS_MAX; at += 1) {
    const image = `flood/${String(hour * SUMS_MAX + at).padStart(NAME_CHARACTERS - 6, "x")}`;
    const common = { credential: "password:1", service: "registry", image };
    const [account, accountId] = ["mallory", ACCOUNTS];
    sums.given({ ...common, account, accountId, actions: "pull" }, sender, now);
    const kind = { isStranger: false, isSignIn: false, reason: "not_allowed" };
    const path = (): string => `no grant on ${image} names this account`;
    const refusal = { ...common, ...kind, tried: account, asked: "push", given: "" };
    sums.refused({ ...refusal, path }, sender, now);
  }
}

const rows = { count: 0 };
async function writeAll(): Promise<void> {
  for (;;) {
    const batch = sums.take(250);
    const length = batch.tokens.length + batch.refusals.length;
    if (length + batch.uses.length === 0) return;
    rows.count += length;
    await store.write(batch);
  }
}

type Tables = ReadonlyMap<string, { readonly bytes: number; readonly cells: number }>;
function measure(): Tables {
  connection.pragma("wal_checkpoint(TRUNCATE)");
  const sql = "SELECT name, sum(pgsize), sum(ncell) FROM dbstat GROUP BY name";
  const found = connection.prepare<[], [string, number, number]>(sql).raw().all();
  return new Map(found.map(([name, bytes, cells]) => [name, { bytes, cells }]));
}

const began = process.cpuUsage();
for (let hour = 0; hour < HOURS; hour += 1) {
  fillHour(hour);
  await writeAll();
}
const cpu = process.cpuUsage(began);
const tables = measure();
const fileBytes = statSync(path).size;
const rowCount = rows.count;
// The first flooded hour brings the account's uses of images; a later one adds as much as any does.
for (let hour = HOURS; hour <= HOURS + FLOOD_HOURS; hour += 1) {
  floodNames(hour);
  await writeAll();
  if (hour === HOURS) measured.first = measure();
}
const flooded = measure();
connection.close();
rmSync(folder, { recursive: true });

/** Tables that grow with every hour; the others with how many accounts, images and addresses there are. */
const HOURLY = ["token_sum", "refusal_sum", "refusal_by_reference"];
const perHour = HOURLY.reduce((sum, name) => sum + (tables.get(name)?.bytes ?? 0), 0) / HOURS;
const use = tables.get("image_use") ?? { bytes: 0, cells: 1 };
const allUses = (use.bytes / use.cells) * ACCOUNTS * IMAGES;
const rest = fileBytes - perHour * HOURS - use.bytes;
const kept = perHour * KEPT_HOURS + allUses + rest;
const allOf = (found: Tables): number =>
  [...found.values()].reduce((sum, { bytes }) => sum + bytes, 0);
const floodPerHour = (allOf(flooded) - allOf(measured.first)) / FLOOD_HOURS;
const usesOf = (found: Tables): number => found.get("image_use")?.cells ?? 0;
const floodUses = usesOf(flooded) - usesOf(tables);
const keptDays = (FILE_MAX_BYTES - allUses - rest) / (perHour + floodPerHour) / 24;
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
process.stdout.write(
  [
    `hours written: ${HOURS}, each of 100 tokens/s and as many refusals as are kept apart`,
    `rows: ${rowCount}, ${(rowCount / HOURS).toFixed(0)} an hour`,
    `an hour: ${megabytes(perHour)}, ${((perHour * HOURS) / rowCount).toFixed(0)} bytes a row with its index`,
    `last use of every image by every account (${ACCOUNTS} × ${IMAGES}): ${megabytes(allUses)}; texts: ${megabytes(rest)}`,
    `90 days: ${megabytes(kept)} (${((kept / LIMIT_BYTES) * 100).toFixed(0)} % of 2 GB)`,
    `CPU time, the making of the requests included: ${((cpu.user + cpu.system) / 1e6).toFixed(1)} s`,
    `one account that floods such a server with names of ${NAME_CHARACTERS} characters, given and refused: ${megabytes(floodPerHour)} more an hour, ${floodUses} last uses`,
    `  day and night: the file holds the last ${Math.min(90, Math.floor(keptDays))} days, ${megabytes(FILE_MAX_BYTES)}`,
    "",
  ].join("\n"),
);
if (kept > LIMIT_BYTES || floodUses > USED_IMAGES_MAX) process.exitCode = 1;
