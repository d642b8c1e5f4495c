// Guessing at real servers: two on one store count together, a restart forgets nothing, and what one ends both honour.
import { createHash } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openStore } from "../../src/storage/sqlite/open-store.js";
import { findEvents } from "../support/log-lines.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let one: TestServer;
let two: TestServer;

/** By way of the proxy that both servers trust. */
async function ask(server: TestServer, name: string, password: string, address: string) {
  const answer = await fetch(`http://127.0.0.1:${server.port}/token?service=registry`, {
    headers: {
      authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`,
      "x-forwarded-for": address,
    },
  });
  return {
    status: answer.status,
    text: await answer.text(),
    after: answer.headers.get("retry-after"),
  };
}

const statusOf = async (...call: Parameters<typeof ask>): Promise<number> =>
  (await ask(...call)).status;

async function lock(name: string, address: string): Promise<void> {
  for (let at = 0; at < 10; at += 1) {
    expect(await statusOf(at % 2 === 0 ? one : two, name, `guess-${at}`, address)).toBe(401);
  }
}

/** As `user unlock` does. */
async function unlock(name: string): Promise<void> {
  const opened = await openStore({
    path: one.env["DOCKWARDEN_STORAGE__PATH"] ?? "",
    migrationsDirectory: "migrations",
    busyTimeoutMs: 5000,
    mode: "existing",
    migrate: "refuse",
    actor: { name: "tester", isClaimed: false },
    clock: { now: () => Math.floor(Date.now() / 1000) },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  await opened.value.accounts.update(name, { unlocks: true }, 1);
  await opened.value.close();
}

beforeAll(async () => {
  workspace = await openWorkspace();
  const env = {
    DOCKWARDEN_SERVER__TRUSTED_PROXIES: "127.0.0.1",
    DOCKWARDEN_SERVER__TLS__MODE: "proxy",
    DOCKWARDEN_THROTTLE__LOCK_SECONDS: "900",
  };
  one = await spawnServer(workspace, { env });
  two = await spawnServer(workspace, { env });
  for (const name of ["alice", "bob", "dora", "emil"]) await addUser(one, name, "view,pull");
});

afterAll(() => workspace.close());

describe("two servers on one store", () => {
  test("I08, B12: count together, and both let in who signed in from there before", async () => {
    expect(await statusOf(one, "alice", passwordOf("alice"), "203.0.113.3")).toBe(200);
    await lock("alice", "198.51.100.7");
    for (const server of [one, two]) {
      const answer = await ask(server, "alice", passwordOf("alice"), "198.51.100.7");
      expect(answer).toMatchObject({ status: 429, after: expect.stringMatching(/^\d+$/) });
      expect(answer.text).toContain("TOOMANYREQUESTS");
      expect(await statusOf(server, "alice", passwordOf("alice"), "203.0.113.3")).toBe(200);
    }
  });

  test("an unlock holds on both with the next request", async () => {
    await lock("bob", "198.51.100.8");
    for (const server of [one, two]) {
      expect(await statusOf(server, "bob", passwordOf("bob"), "192.0.2.1")).toBe(429);
    }
    await unlock("bob");
    for (const server of [one, two]) {
      expect(await statusOf(server, "bob", passwordOf("bob"), "192.0.2.1")).toBe(200);
    }
  });

  test("a restart and a kill forget no lock", async () => {
    await lock("dora", "198.51.100.9");
    expect(await one.stop("SIGKILL")).toBe(-1);
    await one.start();
    expect(await statusOf(one, "dora", passwordOf("dora"), "192.0.2.2")).toBe(429);
  });

  test("B19: a password that was changed is refused by both at once, though it was verified a moment ago", async () => {
    for (const server of [one, two]) {
      expect(await statusOf(server, "emil", passwordOf("emil"), "192.0.2.3")).toBe(200);
    }
    await one.mustCli(["user", "passwd", "emil", "--password-stdin"], {
      stdin: "another-quiet-meadow-77\n",
    });
    for (const server of [one, two]) {
      expect(await statusOf(server, "emil", passwordOf("emil"), "192.0.2.3")).toBe(401);
      expect(await statusOf(server, "emil", "another-quiet-meadow-77", "192.0.2.3")).toBe(200);
    }
    await one.mustCli(["user", "disable", "emil"]);
    for (const server of [one, two]) {
      expect(await statusOf(server, "emil", "another-quiet-meadow-77", "192.0.2.3")).toBe(401);
    }
  });

  test("the file beside the store is its owner's alone, and holds no password and no unknown name", async () => {
    const canary = `canary-${createHash("sha256").update("guess").digest("hex").slice(0, 12)}`;
    await ask(one, `${canary}-name`, `${canary}-password`, "192.0.2.4");
    const folder = dirname(one.env["DOCKWARDEN_STORAGE__PATH"] ?? "");
    const files = (await readdir(folder)).filter((name) => name.includes("-guesses.db"));
    expect(files.sort()).toEqual(
      ["", "-shm", "-wal"].map((suffix) => `dockwarden-guesses.db${suffix}`),
    );
    for (const name of files) {
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o600);
      expect(await readFile(join(folder, name), "latin1")).not.toContain(canary);
    }
  });

  test("a backup leaves it out", async () => {
    const file = join(workspace.folder, "made.tar");
    await one.mustCli(["backup", file]);
    expect(await readFile(file, "latin1")).not.toContain("guesses");
  });
});

test("a damaged file keeps nobody out: in memory, with a warning in log and health", async () => {
  const other = await openWorkspace();
  try {
    const server = await spawnServer(other);
    await addUser(server, "alice", "view,pull");
    await server.stop();
    const path = join(other.folder, "store", "dockwarden-guesses.db");
    await writeFile(path, "not a database".padEnd(8192, "!"), { mode: 0o600 });
    await server.start();
    expect(findEvents(server.log(), "guesses.in_memory")).toHaveLength(1);
    expect(server.log()).toContain("dockwarden-guesses.db is damaged; move it away");
    const health = await (await fetch(`http://127.0.0.1:${server.port}/health/ready`)).text();
    expect(health).toContain("guesses.in_memory");
    expect(await statusOf(server, "alice", passwordOf("alice"), "")).toBe(200);
    for (let at = 0; at < 10; at += 1) await ask(server, "alice", `guess-${at}`, "");
    expect(await statusOf(server, "alice", "guess-10", "")).toBe(429);
  } finally {
    await other.close();
  }
});
