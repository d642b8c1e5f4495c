// Several programs that meet an older store at once: one migrates, the others find nothing left, the copy stays the old one.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { once } from "node:events";
import { expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { openStore } from "../../src/storage/sqlite/open-store.js";
import { copyMigrations } from "../support/migrations.js";
import { tempFolder } from "../support/temp.js";

const MIGRATORS = 4;
const ROUNDS = 3;

/** Migrates as soon as a line comes in, so that all begin together; prints the answer. */
const PROGRAM = `
import { migrateStore } from "./src/storage/sqlite/migrate.ts";
import { once } from "node:events";
const options = { ...JSON.parse(process.argv[1]), clock: { now: () => 1 } };
console.log("ready");
await once(process.stdin, "data");
process.stdin.destroy();
console.log(JSON.stringify(await migrateStore(options)));
`;

interface Answer {
  readonly ok: boolean;
  readonly value?: { readonly applied: readonly string[]; readonly copy: string | null };
}

test("I08: of several that migrate one does, and the copy is of the store before", async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const folder = tempFolder();
    const migrations = copyMigrations(folder);
    const path = join(folder, "data", "dockwarden.db");
    const options = { path, migrationsDirectory: migrations.directory, busyTimeoutMs: 5000 };
    const store = await openStore({
      ...options,
      mode: "create",
      migrate: "apply",
      actor: { name: "tester", isClaimed: false },
      clock: { now: () => 1 },
    });
    if (!store.ok) throw new Error(store.error.message);
    for (let index = 0; index < 200; index += 1) await store.value.groups.add(`g-${index}`, 1);
    await store.value.close();
    migrations.add();
    const answers = await migrateAtOnce(JSON.stringify(options));
    expect(answers.map(({ ok }) => ok)).toEqual(new Array(MIGRATORS).fill(true));
    expect(answers.flatMap(({ value }) => value?.applied ?? [])).toEqual([migrations.name]);
    expect(tablesOf(path)).toContain("more");
    expect(tablesOf(`${path}.before-${migrations.number}`)).toContain("account");
    expect(tablesOf(`${path}.before-${migrations.number}`)).not.toContain("more");
  }
});

async function migrateAtOnce(options: string): Promise<readonly Answer[]> {
  const children = Array.from({ length: MIGRATORS }, () => {
    const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM, options];
    return spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
  });
  const outputs = children.map((child) => {
    const output = { text: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
    return output;
  });
  await Promise.all(children.map((child) => once(child.stdout, "data")));
  const ends = children.map((child) => once(child, "close"));
  for (const child of children) child.stdin.end("go\n");
  await Promise.all(ends);
  return outputs.map(({ text }) => JSON.parse(text.replace("ready\n", "")) as Answer);
}

function tablesOf(path: string): readonly unknown[] {
  const database = new Database(path, { readonly: true });
  const names = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").pluck();
  const tables = names.all();
  database.close();
  return tables;
}
