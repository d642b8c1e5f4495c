// Links that somebody planted where the store writes: never followed, and what they point at stays as it is.
import { lstatSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "@jest/globals";
import { migrateStore } from "../../src/storage/sqlite/migrate.js";
import { openStore, type OpenStoreOptions } from "../../src/storage/sqlite/open-store.js";
import { copyMigrations, type TestMigrations } from "../support/migrations.js";
import { tempFolder } from "../support/temp.js";
import { layVictim, type Victim } from "../support/victim.js";

describe("planted links beside the store", () => {
  let folder: string;
  let options: OpenStoreOptions;
  /** What an attacker would like to have overwritten, or made. */
  let victim: Victim;
  let migrations: TestMigrations;

  async function create(): Promise<void> {
    const store = await openStore(options);
    if (!store.ok) throw new Error(store.error.message);
    await store.value.close();
  }

  /** The store is of an older version from here on. */
  function addMigration(): void {
    migrations.add();
  }

  beforeEach(() => {
    folder = tempFolder();
    victim = layVictim(folder);
    migrations = copyMigrations(folder);
    mkdirSync(join(folder, "data"), { mode: 0o700 });
    options = {
      path: join(folder, "data", "dockwarden.db"),
      migrationsDirectory: migrations.directory,
      busyTimeoutMs: 1000,
      mode: "create",
      migrate: "apply",
      actor: { name: "tester", isClaimed: false },
      clock: { now: () => 1 },
    };
  });

  test.each(["victim", "unmade"])("M03: the store's own name as a link to %s", async (name) => {
    symlinkSync(join(folder, name), options.path);
    expect(await openStore(options)).toMatchObject({ ok: false });
    victim.expectUntouched();
    const left = readdirSync(join(folder, "data")).filter((one) => one !== "dockwarden.db.lock");
    expect(left).toEqual(["dockwarden.db"]);
  });

  test.each(["victim", "unmade"])(
    "M03: the copy before a migration, planted as a link to %s, by the server and by migrate",
    async (name) => {
      const copy = `${options.path}.before-${migrations.number}`;
      await create();
      addMigration();
      symlinkSync(join(folder, name), copy);
      const migrated = await migrateStore(options);
      expect(migrated).toMatchObject({ ok: true, value: { applied: [migrations.name], copy } });
      victim.expectUntouched();
      expect(lstatSync(copy).isFile()).toBe(true);
      expect((statSync(copy).mode & 0o777).toString(8)).toBe("600");
    },
  );

  test("M03: the same where the server itself brings the store up", async () => {
    const copy = `${options.path}.before-${migrations.number}`;
    await create();
    addMigration();
    symlinkSync(victim.unmade, copy);
    await create();
    victim.expectUntouched();
    expect(lstatSync(copy).isFile()).toBe(true);
  });

  describe.each(["-wal", "-shm", "-journal"])("SQLite's %s", (suffix) => {
    test.each(["victim", "unmade"])(
      "M03: planted as a link to %s, it is not written through",
      async (name) => {
        await create();
        symlinkSync(join(folder, name), `${options.path}${suffix}`);
        const store = await openStore({ ...options, mode: "existing" });
        if (store.ok) {
          await store.value.groups.add("ml", 1);
          await store.value.close();
        }
        victim.expectUntouched();
      },
    );
  });
});
