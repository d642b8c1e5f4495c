// `backup` and `restore` on a store of their own: what is in the file, what is refused, what a restore leaves behind.
import {
  chmodSync,
  closeSync,
  cpSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { readMember, openArchive } from "../../src/backup/read-archive.js";
import { loadConfig } from "../../src/config/load-config.js";
import { makeBackup } from "../../src/make-backup.js";
import { restoreBackup } from "../../src/restore-backup.js";
import {
  APPLICATION_ID,
  openConnection,
  type Connection,
} from "../../src/storage/sqlite/connection.js";
import { Database } from "../../src/storage/sqlite/engine.js";
import { applyMigrations, findMissing, readMigrations } from "../../src/storage/sqlite/migrate.js";
import { holdStore } from "../../src/storage/sqlite/store-lock.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { layVictim } from "../support/victim.js";

let site: CliSite;
let folder: string;
let file: string;
let store: string;

async function open(more = ""): Promise<void> {
  site = await openCliSite(more);
  ({ folder } = site.workspace);
  file = join(folder, "backup.tar");
  store = join(folder, "data", "dockwarden.db");
}

const stores = (): readonly string[] => readdirSync(join(folder, "data")).sort();
const leftovers = (): readonly string[] =>
  [...readdirSync(folder), ...stores()].filter((name) =>
    /new-|staging|backup-|restoring/.test(name),
  );

function readText(name: string): string | null {
  const descriptor = openSync(file, "r");
  try {
    return readMember(openArchive(descriptor), name);
  } finally {
    closeSync(descriptor);
  }
}

async function groups(): Promise<readonly string[]> {
  const found = (await site.json("group", "list")) as readonly { readonly name: string }[];
  return found.map(({ name }) => name);
}

/** The id of a group that is added now. */
async function newGroupId(): Promise<unknown> {
  await site.must("group", "add", "newest");
  const database = new Database(store, { readonly: true });
  const id = database.prepare("SELECT id FROM account_group WHERE name = 'newest'").pluck().get();
  database.close();
  return id;
}

beforeEach(() => open());
afterEach(() => site.close());

describe("backup", () => {
  test("writes one 0600 file with store, keys, certificate and configuration, and says what it is", async () => {
    const text = await site.must("backup", file);
    expect(text).toMatch(/^backup written to .*backup\.tar and verified\n/);
    expect(text).toContain("with the private keys");
    expect((statSync(file).mode & 0o777).toString(8)).toBe("600");
    expect(leftovers()).toEqual([]);
    const { members } = (await site.json("backup", file, "--force")) as {
      readonly members: readonly { readonly name: string }[];
    };
    const names = members.map(({ name }) => name.replace(/[0-9a-f]{8}/, "ID"));
    expect([...new Set(names)]).toEqual([
      "store/dockwarden.db",
      ...["keys/ring.json", "keys/ID.key.pem", "keys/ID.cert.pem"],
      ...["trust/token-ca.pem", "trust/jwks.json", "config/config.yml", "config/effective.yml"],
    ]);
    expect(readText("trust/token-ca.pem")).toBe(
      readFileSync(join(folder, "trust/token-ca.pem"), "utf8"),
    );
    expect(readText("config/config.yml")).toBe(readFileSync(site.configFile, "utf8"));
  });

  test("leaves the keys out where it is told to, and with them a configuration that holds a secret", async () => {
    expect(await site.must("backup", file, "--without-keys")).toContain(
      "every registry needs a new",
    );
    expect(readFileSync(file).includes("PRIVATE KEY")).toBe(false);
    expect(readText("config/config.yml")).not.toBeNull();
    const words = "events: { secret: very-secret-words-42 }\n";
    writeFileSync(site.configFile, `${readFileSync(site.configFile, "utf8")}# ${words}`);
    const loaded = loadConfig({ file: site.configFile, environment: {}, packageRoot: "." });
    if (!loaded.ok) throw new Error("the configuration has faults");
    // No secret is a setting yet: where one came from is what counts.
    const sources = new Map([...loaded.value.sources, ["events.secret", "config.yml:5"]]);
    const order = { target: file, mayReplace: true };
    const bare = await makeBackup({ ...loaded.value, sources }, { ...order, withKeys: false });
    expect(bare).toMatchObject({
      ok: true,
      value: { notes: [expect.stringMatching(/left out: .*config\.yml holds a secret/)] },
    });
    expect(readFileSync(file).includes("very-secret-words")).toBe(false);
    const whole = await makeBackup({ ...loaded.value, sources }, { ...order, withKeys: true });
    expect(whole).toMatchObject({ ok: true, value: { notes: [] } });
    expect(readText("config/config.yml")).toContain("very-secret-words-42");
  });

  test("L10: onto an existing file it is refused, and replaces only a backup when told to", async () => {
    writeFileSync(file, "mine");
    expect(await site.run(["backup", file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("exists already; name another file, or add --force"),
    });
    for (const target of [file, store, site.configFile]) {
      expect(await site.run(["backup", target, "--force"])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("is no backup, so that --force does not replace it"),
      });
    }
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect(await site.run(["backup", folder])).toMatchObject({ code: 1 });
    expect(leftovers()).toEqual([]);
  });

  test("L10: into a folder that is missing or none it fails and leaves nothing", async () => {
    for (const target of [join(folder, "none", "x.tar"), join(site.configFile, "x.tar")]) {
      const { code, stderr } = await site.run(["backup", target]);
      expect({ code, stderr }).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(/was not written \(ENO\w+\): its folder/),
      });
    }
    expect(leftovers()).toEqual([]);
  });

  test.each(["victim", "unmade"])(
    "M03: a link to %s planted at the target is not followed",
    async (name) => {
      const victim = layVictim(folder);
      symlinkSync(join(folder, name), file);
      expect(await site.run(["backup", file])).toMatchObject({ code: 1 });
      expect(await site.run(["backup", file, "--force"])).toMatchObject({ code: 1 });
      victim.expectUntouched();
      expect(lstatSync(file).isSymbolicLink()).toBe(true);
    },
  );

  test("of a damaged store is refused, and names the way on", async () => {
    for (let index = 0; index < 50; index += 1) await site.must("group", "add", `group-${index}`);
    const bytes = readFileSync(store);
    const at = bytes.indexOf("group-25");
    bytes.fill(0xff, at - 60, at + 60);
    writeFileSync(store, bytes);
    const { code, stderr } = await site.run(["backup", file]);
    expect({ code, stderr }).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/is damaged.*restore an earlier backup/),
    });
    expect(existsSync(file)).toBe(false);
    expect(leftovers()).toEqual([]);
  });

  test("with a key that does not fit its certificate is refused", async () => {
    const ring = join(folder, "keys", "ring-000001");
    const keys = readdirSync(ring).filter((name) => name.endsWith(".key.pem"));
    const [one = "", other = ""] = keys.map((name) => join(ring, name));
    renameSync(one, `${one}.x`);
    renameSync(other, one);
    renameSync(`${one}.x`, other);
    expect(await site.run(["backup", file])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("does not match"),
    });
    rmSync(join(folder, "keys"), { recursive: true });
    expect(await site.run(["backup", file])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("--without-keys"),
    });
    await site.must("backup", file, "--without-keys");
  });

  test("an older store is backed up as it is: before an upgrade there is a way back", async () => {
    const first = join(folder, "first");
    cpSync("migrations/0001-initial.sql", join(first, "0001-initial.sql"));
    rmSync(store);
    const older = new Database(store);
    chmodSync(store, 0o600);
    older.pragma(`application_id = ${APPLICATION_ID}`);
    const missing = findMissing(older, readMigrations(first));
    if (!missing.ok) throw new Error(missing.error.message);
    applyMigrations(older, missing.value, { now: () => 1 });
    older.close();
    expect(await site.run(["group", "list"])).toMatchObject({ code: 3 });
    expect(await site.json("backup", file)).toMatchObject({ schema: 1, credentialEpoch: 0 });
    await site.must("restore", file, "--force");
    expect(await groups()).toEqual([]);
  });
});

describe("restore", () => {
  beforeEach(async () => {
    await site.must("group", "add", "before");
    await site.must("backup", file);
    await site.must("group", "add", "after");
  });

  test("refuses to overwrite a store, and replaces it when told to, keeping the old one", async () => {
    expect(await site.run(["restore", file])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("there is a store at"),
    });
    expect(await groups()).toEqual(["after", "before"]);
    const text = await site.must("restore", file, "--force");
    expect(await groups()).toEqual(["before"]);
    expect(text).toContain("the same as before: registries need nothing");
    expect(text).toMatch(/What was changed after \d{4}-\S+Z is gone/);
    expect(text).toContain("dockwarden user list");
    const [kept = ""] = /\S*dockwarden\.db\.replaced-\w+/.exec(text) ?? [];
    const old = new Database(kept, { readonly: true });
    expect(old.prepare("SELECT count(*) FROM account_group").pluck().get()).toBe(2);
    old.close();
    expect(leftovers()).toEqual([]);
    expect(text).toContain("first-admin-password.replaced-");
    await site.must("user", "passwd", "admin", "--generate");
    expect(stores().filter((name) => name.startsWith("first-admin-password"))).toEqual([]);
    expect(text).toContain(`DOCKWARDEN_STORAGE__PATH=${kept} dockwarden audit list --since 2`);
  });

  test("raises the credential epoch above both stores' each time, and passwords go on", async () => {
    const epoch = async (): Promise<unknown> => {
      const { restored } = (await site.json("restore", file, "--force")) as {
        readonly restored: { readonly credentialEpoch: number };
      };
      return restored.credentialEpoch;
    };
    expect([await epoch(), await epoch(), await epoch()]).toEqual([1, 2, 3]);
    const { credentialEpoch } = (await site.json("backup", join(folder, "later.tar"))) as {
      readonly credentialEpoch: number;
    };
    expect(credentialEpoch).toBe(3);
    const read = (name: string): unknown => {
      const database = new Database(name, { readonly: true });
      const hash = database.prepare("SELECT password_hash FROM account").pluck().get();
      database.close();
      return hash;
    };
    const kept = stores().find((name) => name.startsWith("dockwarden.db.replaced-")) ?? "";
    expect(read(store)).toBe(read(join(folder, "data", kept)));
  });

  test("gives no id again that the replaced store gave, so that nothing old is found under it", async () => {
    for (const name of ["b", "c"]) await site.must("group", "add", name);
    await site.must("restore", file, "--force");
    expect(await newGroupId()).toBe(5);
  });

  test("leaves the file of refusals and token sums where it is, and a backup does not hold it", async () => {
    const sums = ["dockwarden-activity.db", "dockwarden-activity.db-wal"].map((name) =>
      join(folder, "data", name),
    );
    for (const path of sums) writeFileSync(path, "sums");
    const again = join(folder, "again.tar");
    await site.must("backup", again);
    await site.must("restore", again, "--force");
    for (const path of sums) expect(readFileSync(path, "utf8")).toBe("sums");
    expect(readFileSync(again).includes("activity.db")).toBe(false);
  });

  test("is a change like any other: the audit log goes back with the store, and says who restored it", async () => {
    await site.must("restore", file, "--force");
    const changes = (await site.json("audit", "list")) as readonly Record<string, unknown>[];
    expect(changes.map(({ verb, object }) => [verb, object])).toEqual([
      ["account.add", "admin"],
      ["group.add", "before"],
      ["store.restore", "store"],
    ]);
    expect(changes.at(-1)).toMatchObject({
      actor: changes[1]?.["actor"],
      before: { credentialEpoch: 0 },
      after: {
        credentialEpoch: 1,
        hasKeys: true,
        backupTakenAt: expect.stringMatching(/^\d{4}-\S+Z$/),
      },
    });
    await site.must("restore", file, "--force");
    expect(await site.json("audit", "list", "--actor", String(changes[1]?.["actor"]))).toHaveLength(
      3,
    );
  });

  test("only checks with --dry-run", async () => {
    const before = stores();
    expect(await site.must("restore", file, "--dry-run")).toContain("is a whole backup of");
    const bytes = readFileSync(file);
    const at = bytes.indexOf("SQLite format 3") + 4000;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    for (const options of [["--dry-run"], ["--force"]]) {
      expect(await site.run(["restore", file, ...options])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("store/dockwarden.db in it is damaged"),
      });
    }
    expect(await groups()).toEqual(["after", "before"]);
    expect(stores()).toEqual(before);
  });

  test("reads a stream", async () => {
    const outcome = await site.run(["restore", "-", "--force"], readFileSync(file));
    expect(outcome).toMatchObject({ code: 0 });
    expect(await groups()).toEqual(["before"]);
    expect(leftovers()).toEqual([]);
    const cut = readFileSync(file).subarray(0, 20_000);
    expect(await site.run(["restore", "-", "--force"], cut)).toMatchObject({ code: 1 });
    expect(await groups()).toEqual(["before"]);
    expect(leftovers()).toEqual([]);
  });

  test("refuses while somebody has the store open, and nobody opens it meanwhile", async () => {
    const held = holdStore(store);
    if (!held.ok) throw new Error(held.error.message);
    expect(await site.run(["restore", file, "--force"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a server or a command uses the store"),
    });
    held.value();
    const lock = new Database(`${store}.lock`);
    lock.exec("BEGIN EXCLUSIVE");
    for (const args of [
      ["group", "list"],
      ["init"],
      ["migrate"],
      ["backup", join(folder, "x.tar")],
      ["key", "list"],
      ["key", "rotate"],
      ["serve", "--create"],
    ]) {
      expect(await site.run(args)).toMatchObject({
        code: 75,
        stderr: expect.stringContaining("a restore is replacing the store"),
      });
    }
    lock.close();
    await site.must("restore", file, "--force");
  });

  test("refuses while somebody has the store open and the lock was removed under them", async () => {
    const other = openConnection(store, 0);
    other.prepare("SELECT count(*) FROM account").get();
    const before = stores();
    rmSync(`${store}.lock`);
    expect(await site.run(["restore", file, "--force"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("a server or a command uses the store"),
    });
    expect(stores()).toEqual(before);
    other.close();
    await site.must("restore", file, "--force");
    expect(await groups()).toEqual(["before"]);
  });

  test("a store that was opened after the lock was removed during the restore stays", async () => {
    const loaded = loadConfig({ file: site.configFile, environment: {}, packageRoot: "." });
    if (!loaded.ok) throw new Error("the configuration has faults");
    let other: Connection | null = null;
    const onProgress = (doing: string): void => {
      if (doing !== "putting it in place") return;
      rmSync(`${store}.lock`);
      other = openConnection(store, 0);
    };
    const order = { source: file, mayReplace: true, isDryRun: false, onProgress };
    expect(await restoreBackup(loaded.value, order)).toMatchObject({
      ok: false,
      error: { exitCode: 1, message: expect.stringContaining("uses the store") },
    });
    (other as Connection | null)?.close();
    expect(leftovers()).toEqual([]);
    expect(await groups()).toEqual(["after", "before"]);
  });

  test.each(["victim", "unmade"])(
    "M03: a link to %s planted at the lock is followed by nobody",
    async (name) => {
      const victim = layVictim(folder);
      rmSync(`${store}.lock`, { force: true });
      symlinkSync(join(folder, name), `${store}.lock`);
      for (const args of [
        ["restore", file, "--force"],
        ["backup", join(folder, "x.tar")],
        ["group", "list"],
        ["key", "rotate"],
        ["migrate"],
      ]) {
        expect(await site.run(args)).toMatchObject({
          code: 3,
          stderr: expect.stringContaining("is not a regular file; remove it"),
        });
      }
      const seen = await site.run(["doctor", "--before-start"]);
      expect(seen.stdout).toMatch(/dockwarden\.db\.lock is not a regular file[^]*remove it/);
      victim.expectUntouched();
      rmSync(`${store}.lock`);
      expect(await groups()).toEqual(["after", "before"]);
    },
  );

  test("M03: a file that was linked to the lock is not written to", async () => {
    const victim = layVictim(folder);
    rmSync(`${store}.lock`, { force: true });
    linkSync(join(folder, "victim"), `${store}.lock`);
    expect(await site.run(["restore", file, "--force"])).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("must be an empty file of the store's owner"),
    });
    victim.expectUntouched();
  });

  test("puts everything back where there is nothing, and where the store is damaged", async () => {
    const certificate = readFileSync(join(folder, "trust/token-ca.pem"), "utf8");
    for (const name of ["data", "keys", "trust"]) rmSync(join(folder, name), { recursive: true });
    const text = await site.must("restore", file);
    expect(text).toContain("keys          those of the backup");
    expect(text).toContain("registries need nothing");
    expect(readFileSync(join(folder, "trust/token-ca.pem"), "utf8")).toBe(certificate);
    expect(await groups()).toEqual(["before"]);
    expect((statSync(store).mode & 0o777).toString(8)).toBe("600");
    writeFileSync(store, "damaged");
    expect(await site.run(["group", "list"])).toMatchObject({ code: 3 });
    await site.must("restore", file, "--force");
    expect(await groups()).toEqual(["before"]);
  });

  test("without keys it keeps those that are here, makes new ones where there are none, and says what registries need", async () => {
    const bare = join(folder, "bare.tar");
    await site.must("backup", bare, "--without-keys");
    expect(await site.must("restore", bare, "--force")).toMatch(
      /those that were here stay[^]*registries need nothing/,
    );
    rmSync(join(folder, "keys"), { recursive: true });
    rmSync(join(folder, "trust"), { recursive: true });
    const text = await site.must("restore", bare, "--force");
    expect(text).toContain("new ones were made");
    expect(text).toMatch(/every registry needs the new certificate: give it .*token-ca\.pem/);
    const back = await site.must("restore", file, "--force");
    expect(back).toMatch(/kept aside .*keys\/replaced-\w+/);
    expect(back).toContain("every registry needs the new certificate");
  });

  test("a newer store, and a backup whose keys do not fit, are refused with nothing changed", async () => {
    const newer = join(folder, "newer.tar");
    new Database(store).exec("INSERT INTO migration VALUES (99, 'x', 'y', 1)").close();
    await site.must("backup", newer);
    new Database(store).exec("DELETE FROM migration WHERE number = 99").close();
    const before = await site.dump();
    for (const how of ["--force", "--dry-run"]) {
      expect(await site.run(["restore", newer, how])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("newer version (schema 99)"),
      });
    }
    mkdirSync(join(folder, "pipe"));
    expect(await site.run(["restore", join(folder, "pipe"), "--force"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("not a regular file"),
    });
    expect(await site.run(["restore", join(folder, "none"), "--force"])).toMatchObject({ code: 3 });
    expect(await site.dump()).toBe(before);
    expect(leftovers()).toEqual([]);
  });

  test("one that was interrupted keeps everything from starting until it is done again", async () => {
    const marker = `${store}.restoring`;
    const mark = {
      suffix: "replaced-1",
      hadStore: true,
      floor: { epoch: 7, ids: { account_group: 50 } },
      trusted: "0".repeat(64),
    };
    writeFileSync(marker, JSON.stringify(mark));
    renameSync(store, `${store}.replaced-1`);
    rmSync(join(folder, "keys"), { recursive: true });
    for (const args of [
      ["group", "list"],
      ["init"],
      ["serve", "--create"],
      ["key", "list"],
      ["migrate"],
      ["backup", join(folder, "x.tar")],
    ]) {
      expect(await site.run(args)).toMatchObject({
        code: 3,
        stderr: expect.stringContaining("run the same dockwarden restore again"),
      });
    }
    const seen = await site.run(["doctor", "--before-start", "--json"]);
    expect(seen.code).toBe(1);
    expect(JSON.parse(seen.stdout)).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({
          id: "store.unusable",
          mends: [{ kind: "do", words: "run the same dockwarden restore again, with --force" }],
        }),
      ]),
    });
    expect(existsSync(store) || existsSync(join(folder, "keys"))).toBe(false);
    const text = await site.must("restore", file, "--force");
    expect(text).toContain("epoch 8");
    // The trust folder is that of the attempt that was killed; registries trust what lay there before.
    expect(text).toContain("every registry needs the new certificate");
    expect(await groups()).toEqual(["before"]);
    expect(stores()).toContain("dockwarden.db.replaced-1");
    expect(await newGroupId()).toBe(51);
  });
});
