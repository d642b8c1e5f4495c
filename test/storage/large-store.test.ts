// A store too large to be looked through at each opening: a server has it done beside its work, commands do it themselves.
import { expect, test } from "@jest/globals";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isLargeStore } from "../../src/storage/sqlite/store-check.js";
import { openStore, type OpenStoreOptions } from "../../src/storage/sqlite/open-store.js";
import { Database } from "../../src/storage/sqlite/engine.js";
import { findFreePort } from "../support/free-port.js";
import { layKeys } from "../support/made-ring.js";
import { startDaemon, waitUntilReady, type Daemon } from "../support/process.js";
import { findEntry } from "../support/program-entry.js";
import { copyMigrations } from "../support/migrations.js";
import { tempFolder } from "../support/temp.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";
import { waitUntil } from "../support/poll.js";

const PAGE = 4096;

function options(path: string): OpenStoreOptions {
  return {
    path,
    migrationsDirectory: "migrations",
    mode: "create",
    migrate: "apply",
    busyTimeoutMs: 1000,
    clock: { now: () => 1 },
    actor: { name: "test", isClaimed: true },
  };
}

/** Twenty megabytes of audit. */
async function makeLarge(path: string): Promise<void> {
  const opened = await openStore(options(path));
  if (!opened.ok) throw new Error(opened.error.message);
  await opened.value.close();
  const database = new Database(path);
  const insert = database.prepare(
    "INSERT INTO change (at, actor, is_actor_claimed, verb, object, after) VALUES (1, 'test', 1, 'group.add', ?, ?)",
  );
  const after = JSON.stringify({ name: "x".repeat(2000) });
  database.transaction(() => {
    for (let at = 0; at < 10_000; at += 1) insert.run(`group-${at}`, after);
  })();
  database.close();
}

/** In the middle of the file, where no start reads; or the page that is named. */
function damage(path: string, number?: number): void {
  const bytes = readFileSync(path);
  const page = number === undefined ? Math.floor(bytes.length / PAGE / 2) : number - 1;
  bytes.fill(0xa5, page * PAGE, (page + 1) * PAGE);
  writeFileSync(path, bytes);
}

async function serveOn(workspace: Workspace, path: string): Promise<Daemon & { url: string }> {
  const port = await findFreePort();
  const [program, ...args] = findEntry();
  const daemon = await startDaemon(program, [...args, "serve"], {
    env: {
      PATH: process.env["PATH"] ?? "",
      DOCKWARDEN_SERVER__PORT: String(port),
      DOCKWARDEN_STORAGE__PATH: path,
      DOCKWARDEN_KEYS__DIRECTORY: join(workspace.folder, "keys"),
      DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(workspace.folder, "trust"),
    },
    logFile: join(workspace.folder, "server.log"),
  });
  workspace.onClose(() => daemon.stop("SIGKILL"));
  return { ...daemon, url: `http://127.0.0.1:${port}` };
}

test("H07: a large damaged store is refused by a command, and ends the server that opened it", async () => {
  const workspace = await openWorkspace();
  try {
    const path = join(workspace.folder, "store", "dockwarden.db");
    await makeLarge(path);
    expect(isLargeStore(path)).toBe(true);
    damage(path);
    const size = statSync(path).size;
    expect(await openStore({ ...options(path), mode: "existing" })).toMatchObject({
      ok: false,
      error: { code: "damaged" },
    });
    await layKeys(join(workspace.folder, "keys"));
    const server = await serveOn(workspace, path);
    expect(await server.ended()).toBe(3);
    expect(server.log()).toMatch(/"evt":"store\.damaged".*dockwarden restore/);
    expect(statSync(path).size).toBe(size);
  } finally {
    await workspace.close();
  }
});

test("H07: a server that can't read its large store when it begins does not stay", async () => {
  const workspace = await openWorkspace();
  try {
    const path = join(workspace.folder, "store", "dockwarden.db");
    await makeLarge(path);
    const database = new Database(path);
    // Read once all listeners are open: images with tags are a warning.
    const root = database
      .prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'image'")
      .pluck()
      .get();
    database.close();
    damage(path, root);
    await layKeys(join(workspace.folder, "keys"));
    const server = await serveOn(workspace, path);
    expect(await server.ended()).toBe(3);
    expect(server.log()).toContain("dockwarden doctor");
  } finally {
    await workspace.close();
  }
});

test("H07: a large store is looked through before it is brought up to date, whoever opens it", async () => {
  const folder = tempFolder();
  const path = join(folder, "dockwarden.db");
  await makeLarge(path);
  damage(path);
  const migrations = copyMigrations(folder);
  migrations.add();
  const { directory: migrationsDirectory } = migrations;
  const copy = `${path}.before-${migrations.number}`;
  writeFileSync(copy, "an earlier copy");
  const before = readFileSync(path);
  const mode = { mode: "existing", isServer: true, isCheckedLater: true } as const;
  expect(await openStore({ ...options(path), ...mode, migrationsDirectory })).toMatchObject({
    ok: false,
    error: { code: "damaged" },
  });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readFileSync(copy, "utf8")).toBe("an earlier copy");
});

test("a large whole store is served, and a command beside the server need not look through it again", async () => {
  const workspace = await openWorkspace();
  try {
    const path = join(workspace.folder, "store", "dockwarden.db");
    await makeLarge(path);
    await layKeys(join(workspace.folder, "keys"));
    const server = await serveOn(workspace, path);
    await waitUntilReady(server, "the server", async () => {
      const answer = await fetch(`${server.url}/health/ready`);
      return answer.status === 200;
    });
    await waitUntil("the end of the check", async () => server.log().includes("store.checked"));
    // What comes upon it now is found when the pages are read: nobody looks for it while a server runs.
    damage(path);
    const command = await openStore({ ...options(path), mode: "existing", isServer: false });
    expect(command.ok).toBe(true);
    if (command.ok) await command.value.close();
    expect(server.log()).not.toMatch(/store\.(?:damaged|unchecked)/);
    expect(await server.stop()).toBe(0);
  } finally {
    await workspace.close();
  }
});
