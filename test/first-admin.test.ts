// The first admin of a new store: several first starts at once, and whether the filed password opens the door.
import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { initialize, openAdmin, packageRoot } from "../src/app.js";
import { loadConfig, type LoadedConfig } from "../src/config/load-config.js";
import { tempFolder } from "./support/temp.js";

const FILE = "first-admin-password";

function configure(): { readonly loaded: LoadedConfig; readonly data: string } {
  const folder = tempFolder();
  const file = join(folder, "config.yml");
  const lines = [
    "storage: { path: data/dockwarden.db }",
    "keys: { directory: keys, trustDirectory: trust }",
    "passwords: { argon2: { memoryKib: 7168, iterations: 1 } }",
  ];
  writeFileSync(file, lines.join("\n"), { mode: 0o600 });
  const loaded = loadConfig({ file, environment: {}, packageRoot });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.error));
  return { loaded: loaded.value, data: join(folder, "data") };
}

async function opensTheDoor(loaded: LoadedConfig, password: string): Promise<boolean> {
  const opened = await openAdmin(loaded, "existing");
  if (!opened.ok) throw new Error(opened.error.message);
  const { store, hasher } = opened.value;
  const record = await store.accounts.findSignIn("admin");
  const verified = await hasher.verify(record?.passwordHash ?? null, password, {
    source: "127.0.0.1",
  });
  await opened.value.close();
  return verified.ok && verified.value === "match";
}

const filesOf = (data: string): readonly string[] =>
  readdirSync(data).filter((name) => name.startsWith(FILE));

test("I08: of several first starts at once one makes the admin, and the filed password is that admin's", async () => {
  const { loaded, data } = configure();
  const made = await Promise.all(
    Array.from({ length: 4 }, () => initialize(loaded, { mayReplaceKeys: true })),
  );
  expect(made.map(({ ok }) => ok)).toEqual([true, true, true, true]);
  const admins = made.flatMap((one) => (one.ok && one.value.firstAdmin) || []);
  expect(admins).toMatchObject([{ name: "admin", passwordFile: join(data, FILE) }]);
  expect(filesOf(data)).toEqual([FILE]);
  expect(await opensTheDoor(loaded, readFileSync(join(data, FILE), "utf8").trim())).toBe(true);
});

test("M03: what lay in the place of the filed password is replaced, with mode 0600", async () => {
  const { loaded, data } = configure();
  const first = await openAdmin(loaded, "create");
  if (!first.ok) throw new Error(first.error.message);
  await first.value.close();
  writeFileSync(join(data, FILE), "known-to-a-stranger\n");
  chmodSync(join(data, FILE), 0o644);
  expect((await initialize(loaded, { mayReplaceKeys: true })).ok).toBe(true);
  expect(statSync(join(data, FILE)).mode & 0o777).toBe(0o600);
  expect(await opensTheDoor(loaded, readFileSync(join(data, FILE), "utf8").trim())).toBe(true);
});
