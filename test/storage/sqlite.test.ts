// SQLite: the contract, and what is this engine's own: pragmas, modes, faults of the file, migrations, query plans.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreUnavailable } from "../../src/domain/ports.js";
import { openConnection } from "../../src/storage/sqlite/connection.js";
import { raiseCredentialEpoch } from "../../src/storage/sqlite/credential-epoch.js";
import { CREDENTIAL_COLUMNS } from "../../src/storage/sqlite/credential-rows.js";
import { migrateStore } from "../../src/storage/sqlite/migrate.js";
import { imageSearchSql } from "../../src/storage/sqlite/image-search.js";
import { openStore, type OpenStoreOptions } from "../../src/storage/sqlite/open-store.js";
import { OVERLAP_SQL } from "../../src/storage/sqlite/overlapping.js";
import { POLICY_SQL } from "../../src/storage/sqlite/policy-reader.js";
import { copyMigrations } from "../support/migrations.js";
import { waitUntil } from "../support/poll.js";
import { tempFolder } from "../support/temp.js";
import { storeContract } from "./contract.js";
import { credentialContract } from "./credential-contract.js";
import { searchContract } from "./search-contract.js";
import { wholeContract } from "./whole-contract.js";

const MIGRATIONS = "migrations";

function options(folder: string, change: Partial<OpenStoreOptions> = {}): OpenStoreOptions {
  return {
    path: join(folder, "data", "dockwarden.db"),
    migrationsDirectory: MIGRATIONS,
    busyTimeoutMs: 1000,
    mode: "create",
    migrate: "apply",
    actor: { name: "tester", isClaimed: false },
    clock: { now: () => 1 },
    ...change,
  };
}

async function opened(wanted: OpenStoreOptions) {
  const result = await openStore(wanted);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

storeContract("sqlite", () => {
  const wanted = options(tempFolder());
  return { open: () => opened(wanted) };
});

wholeContract("sqlite", () => {
  const wanted = options(tempFolder());
  return { open: () => opened(wanted) };
});

searchContract("sqlite", () => {
  const wanted = options(tempFolder());
  return { open: () => opened(wanted) };
});

credentialContract("sqlite", () => {
  const wanted = options(tempFolder());
  const beginEpoch = async (): Promise<void> => {
    const connection = openConnection(wanted.path, 1000);
    raiseCredentialEpoch(connection, 0, { now: 1, backupTakenAt: 1 });
    connection.close();
  };
  return { open: () => opened(wanted), beginEpoch };
});

test("finding 9: synchronous is FULL on every open, with the other pragmas", async () => {
  const wanted = options(tempFolder());
  await (await opened(wanted)).close();
  for (let open = 1; open <= 2; open += 1) {
    const connection = openConnection(wanted.path, 1000);
    const pragma = (name: string): unknown => connection.pragma(name, { simple: true });
    const read = [
      "synchronous",
      "journal_mode",
      "foreign_keys",
      "trusted_schema",
      "cell_size_check",
      "secure_delete",
      "journal_size_limit",
    ].map(pragma);
    expect(read).toEqual([2, "wal", 1, 0, 1, 1, 67_108_864]);
    connection.close();
  }
});

test("M01: folder 0700, files 0600, whatever the umask", async () => {
  const wanted = options(tempFolder());
  const before = process.umask(0);
  try {
    const store = await opened(wanted);
    await store.groups.add("ml", 1);
    const modes = readdirSync(join(wanted.path, "..")).map((name) => [
      name,
      (statSync(join(wanted.path, "..", name)).mode & 0o777).toString(8),
    ]);
    expect(modes).toEqual([
      ["dockwarden.db", "600"],
      ["dockwarden.db-shm", "600"],
      ["dockwarden.db-wal", "600"],
      ["dockwarden.db.lock", "600"],
    ]);
    await store.close();
  } finally {
    process.umask(before);
  }
  expect((statSync(join(wanted.path, "..")).mode & 0o777).toString(8)).toBe("700");
});

test("K08: a missing store is not made by a command, which names init", async () => {
  const wanted = options(tempFolder(), { mode: "existing" });
  expect(await openStore(wanted)).toMatchObject({
    ok: false,
    error: { code: "missing", message: expect.stringContaining("dockwarden init") },
  });
  expect(existsSync(join(wanted.path, ".."))).toBe(false);
});

test("three that start together end with one store and no drafts", async () => {
  const wanted = options(tempFolder());
  const stores = await Promise.all([1, 2, 3].map(() => opened(wanted)));
  await stores[0]?.groups.add("ml", 1);
  expect(await stores[2]?.groups.find("ml")).not.toBeNull();
  for (const store of stores) await store.close();
  expect(readdirSync(join(wanted.path, "..")).filter((name) => name.includes("new"))).toEqual([]);
});

test("H07: empty, cut off, foreign and damaged files are refused and left as they are", async () => {
  const folder = tempFolder();
  const good = options(folder);
  const store = await opened(good);
  for (let i = 0; i < 200; i += 1) await store.groups.add(`group-${i}`, 1);
  await store.close();
  const whole = readFileSync(good.path);
  const foreign = join(folder, "foreign.db");
  new Database(foreign).exec("CREATE TABLE t (x)").close();
  const holed = Buffer.from(whole);
  for (let page = 1; page < whole.length / 4096; page += 1)
    holed.fill(0xa5, page * 4096, page * 4096 + 512);
  const cases = [
    ["damaged", Buffer.alloc(0)],
    ["damaged", whole.subarray(0, 50)],
    ["foreign", Buffer.from("x".repeat(5000))],
    ["foreign", readFileSync(foreign)],
    ["damaged", holed],
  ] as const;
  for (const [index, [code, bytes]] of cases.entries()) {
    const path = join(folder, `case-${index}`, "store.db");
    mkdirSync(join(path, ".."), { mode: 0o700 });
    writeFileSync(path, bytes, { mode: 0o600 });
    expect(await openStore({ ...good, path, mode: "existing" })).toMatchObject({
      ok: false,
      error: { code },
    });
    expect(readFileSync(path).equals(bytes)).toBe(true);
  }
});

test("H07: a pipe or a folder in the store's place is refused at once", async () => {
  const folder = tempFolder();
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  for (const path of [pipe, folder]) {
    const outcome = await openStore({ ...options(folder), path, mode: "existing" });
    expect(outcome).toMatchObject({ ok: false, error: { code: "foreign" } });
  }
});

test("H11: a newer schema and a changed migration are refused; an older one names migrate", async () => {
  const wanted = options(tempFolder());
  await (await opened(wanted)).close();
  const change = (sql: string): void => void new Database(wanted.path).exec(sql).close();
  change("INSERT INTO migration VALUES (99, 'x', 'y', 1)");
  expect(await openStore(wanted)).toMatchObject({ ok: false, error: { code: "newer" } });
  change("DELETE FROM migration WHERE number = 99");
  change("UPDATE migration SET checksum = 'z'");
  expect(await openStore(wanted)).toMatchObject({ ok: false, error: { code: "foreign" } });
});

test("H11: an older store is brought up once, after a copy, by whoever comes first", async () => {
  const folder = tempFolder();
  const newer = copyMigrations(folder);
  const wanted = options(folder);
  await (await opened(wanted)).close();
  newer.add();
  const later = { ...wanted, migrationsDirectory: newer.directory };
  expect(await openStore({ ...later, mode: "existing", migrate: "refuse" })).toMatchObject({
    ok: false,
    error: { code: "older", message: expect.stringContaining("dockwarden migrate") },
  });
  const both = await Promise.all([migrateStore(later), migrateStore(later)]);
  const applied = both.flatMap((result) => (result.ok ? result.value.applied : ["failed"]));
  expect(applied).toEqual([newer.name]);
  expect(statSync(`${wanted.path}.before-${newer.number}`).mode & 0o777).toBe(0o600);
});

test("M02, H12: places that others can write, links and open modes are refused with the command", async () => {
  const folder = tempFolder();
  const wanted = options(folder);
  await (await opened(wanted)).close();
  const insecure = {
    ok: false,
    error: { code: "insecure", message: expect.stringMatching(/chmod|storage\.path|move/) },
  };
  chmodSync(wanted.path, 0o644);
  expect(await openStore(wanted)).toMatchObject(insecure);
  chmodSync(wanted.path, 0o600);
  chmodSync(join(folder, "data"), 0o777);
  expect(await openStore(wanted)).toMatchObject(insecure);
  chmodSync(join(folder, "data"), 0o700);
  chmodSync(folder, 0o777);
  expect(await openStore(wanted)).toMatchObject(insecure);
  chmodSync(folder, 0o700);
  symlinkSync(wanted.path, join(folder, "data", "link.db"));
  expect(await openStore({ ...wanted, path: join(folder, "data", "link.db") })).toMatchObject(
    insecure,
  );
  expect(await openStore({ ...wanted, path: join(tmpdir(), "dockwarden-test.db") })).toMatchObject({
    ok: false,
    error: { code: "insecure", message: expect.stringContaining("folder of its own") },
  });
  await (await opened(wanted)).close();
});

test("H06, L05: while another process writes, reads go on and a write says busy", async () => {
  const wanted = options(tempFolder(), { busyTimeoutMs: 50 });
  const store = await opened(wanted);
  const writer = new Database(wanted.path);
  writer.exec("BEGIN IMMEDIATE");
  expect(await store.accounts.list()).toEqual([]);
  await expect(store.groups.add("ml", 1)).rejects.toMatchObject({
    name: "StoreUnavailable",
    reason: "busy",
  });
  writer.exec("ROLLBACK");
  writer.close();
  expect((await store.groups.add("ml", 1)).ok).toBe(true);
  await store.close();
});

test("H06: writes that wait for another process do not hold up the thread, and go through when it has ended", async () => {
  const wanted = options(tempFolder(), { busyTimeoutMs: 60_000 });
  const store = await opened(wanted);
  const writer = new Database(wanted.path);
  writer.exec("BEGIN IMMEDIATE");
  const waiting = ["ml", "web", "ops"].map((name) => store.groups.add(name, 1));
  // On this very thread: were it held up, nobody could ever end the other's transaction.
  expect(await store.groups.list()).toEqual([]);
  writer.exec("ROLLBACK");
  writer.close();
  expect((await Promise.all(waiting)).map(({ ok }) => ok)).toEqual([true, true, true]);
  await store.close();
});

test("H06: a write that waits when the store is closed says so, and changes nothing", async () => {
  const wanted = options(tempFolder(), { busyTimeoutMs: 60_000 });
  const store = await opened(wanted);
  const writer = new Database(wanted.path);
  writer.exec("BEGIN IMMEDIATE");
  const waiting = store.groups.add("ml", 1);
  const refused = expect(waiting).rejects.toMatchObject({ name: "StoreUnavailable" });
  await store.close();
  await refused;
  writer.close();
});

test("H14: the hot path's statements and those of effects seek; none scans a table", async () => {
  const wanted = options(tempFolder());
  await (await opened(wanted)).close();
  const connection = openConnection(wanted.path, 1000);
  const plan = (sql: string, ...values: unknown[]): string =>
    (connection.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[])
      .map(({ detail }) => detail)
      .join("; ");
  const plans = [
    plan(POLICY_SQL.literals, "a", "reg"),
    plan(POLICY_SQL.patterns, "[]", "reg"),
    plan(POLICY_SQL.grants, 1, "[]"),
    plan(POLICY_SQL.named, "[]", 1, "reg"),
    plan("SELECT * FROM account WHERE name = ?", "a"),
    plan(`SELECT ${CREDENTIAL_COLUMNS} FROM credential c WHERE c.digest = ?`, Buffer.alloc(32)),
    plan(OVERLAP_SQL.literal, "a"),
    plan(OVERLAP_SQL.literals, "a", "b"),
    plan(OVERLAP_SQL.shorter, "[]"),
    plan(OVERLAP_SQL.longer, "a", "b"),
  ];
  connection.close();
  for (const text of plans) {
    expect(text).toMatch(/SEARCH/);
    expect(text.replaceAll(/SCAN json_each[^;]*/g, "")).not.toMatch(/SCAN/);
  }
});

test("lists by beginning, pattern or subject seek; none scans the images", async () => {
  const wanted = options(tempFolder());
  await (await opened(wanted)).close();
  const connection = openConnection(wanted.path, 1000);
  const anonymous = { kind: "anonymous" as const };
  for (const filter of [
    { prefix: "team/" },
    { subjects: [anonymous] },
    { overlapping: { service: null, repository: "team/app", tag: null } },
    { overlapping: { service: null, repository: "team/**", tag: null } },
  ]) {
    const { rows, values } = imageSearchSql(filter, "name", 1);
    const plan = connection.prepare(`EXPLAIN QUERY PLAN ${rows}`).all(...values);
    const text = (plan as { detail: string }[]).map(({ detail }) => detail).join("; ");
    expect(text).toMatch(/SEARCH image/);
    expect(text).not.toMatch(/SCAN image/);
  }
  connection.close();
});

test("a file that was moved away is not read on: at once by ping, within about a second by the hot path", async () => {
  const folder = tempFolder();
  const store = await opened(options(folder));
  const data = join(folder, "data");
  await store.ping();
  renameSync(data, `${data}-old`);
  await expect(store.ping()).rejects.toMatchObject({ reason: "replaced" });
  const refuses = (read: () => Promise<unknown>) => () =>
    read().then(
      () => false,
      (error: unknown) => error instanceof StoreUnavailable && error.reason === "replaced",
    );
  for (const read of [
    async () => store.dataVersion(),
    () => store.accounts.findSignIn("admin"),
    () => store.accounts.findSignInById(1),
    () => store.credentials.present("0".repeat(64)),
    () => store.credentials.presentById(1),
    () => store.policy.findMatching("registry", "a", ["@anonymous"], 1),
  ]) {
    await waitUntil("a refusal", refuses(read), 5000);
  }
  renameSync(`${data}-old`, data);
  await store.ping();
  expect(await store.accounts.findSignIn("admin")).toBeNull();
  await store.close();
});
