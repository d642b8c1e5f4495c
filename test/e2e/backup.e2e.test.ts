// Backup and restore of a living installation: under load, beside a running server, killed at every step.
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { openArchive, extractMember } from "../../src/backup/read-archive.js";
import { Database } from "../../src/storage/sqlite/engine.js";
import { expectDone } from "../support/outcome.js";
import { findEvents } from "../support/log-lines.js";
import { waitUntil } from "../support/poll.js";
import { run, type Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { runHere } from "../support/run-here.js";
import { addUser, ADMIN_NAME, ADMIN_PASSWORD, spawnServer } from "../support/spawn-server.js";
import { startStoreWriter } from "../support/store-writer.js";
import { fetchActions } from "../support/token-client.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;

beforeEach(async () => {
  workspace = await openWorkspace();
});

afterEach(() => workspace.close());

/** Numbers of the groups in a backup, after SQLite has looked at every page. */
function readGroups(file: string): readonly number[] {
  const target = `${file}.db`;
  const descriptor = openSync(file, "r");
  extractMember(openArchive(descriptor), "store/dockwarden.db", target);
  closeSync(descriptor);
  const database = new Database(target, { readonly: true });
  expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
  const names = database.prepare("SELECT name FROM account_group ORDER BY id").pluck().all();
  database.close();
  return names.map((name) => Number(String(name).slice(2)));
}

describe("a running server", () => {
  test("H09: is backed up under load, each time with everything that was acknowledged before", async () => {
    const server = await spawnServer(workspace);
    const writer = await startStoreWriter(server.env["DOCKWARDEN_STORAGE__PATH"] ?? "");
    try {
      for (let round = 1; round <= 3; round += 1) {
        await writer.more(100);
        const least = writer.acknowledged();
        const file = join(workspace.folder, `backup-${round}.tar`);
        await server.mustCli(["backup", file]);
        const groups = readGroups(file);
        expect(groups.length).toBeGreaterThanOrEqual(least);
        expect(groups).toEqual(groups.map((_, index) => index + 1));
      }
      const before = writer.acknowledged();
      await writer.more(1);
      expect(writer.acknowledged()).toBeGreaterThan(before);
    } finally {
      await writer.stop();
    }
    const answer = await fetch(`${server.url}/health/ready`);
    expect(await answer.json()).toEqual({ status: "ok", reasons: [] });
  });

  test("keeps a restore out, a killed one does not; then passwords go on and later changes are gone", async () => {
    const server = await spawnServer(workspace);
    await addUser(server, "reader", "view,pull");
    await server.mustCli(["image", "register", "team/app", "--users", "reader"]);
    const file = join(workspace.folder, "backup.tar");
    await server.mustCli(["backup", file]);
    await server.mustCli(["user", "disable", "reader"]);
    const refusal = { code: 1, stderr: expect.stringContaining("stop it first") };
    expect(await server.cli(["restore", file, "--force"])).toMatchObject(refusal);
    // Somebody tidied up: what looks like a stale lock is not.
    rmSync(`${server.env["DOCKWARDEN_STORAGE__PATH"] ?? ""}.lock`);
    expect(await server.cli(["restore", file, "--force"])).toMatchObject(refusal);
    expect(await fetchActions(server, ADMIN_NAME, "team/app")).toBe("pull,push,delete");
    expect(await server.stop("SIGKILL")).toBe(-1);
    const told = await server.mustCli(["restore", file, "--force"]);
    const [, path = ""] =
      /DOCKWARDEN_STORAGE__PATH=(\S+) dockwarden audit list/.exec(told.text) ?? [];
    const old = { ...server.env, DOCKWARDEN_STORAGE__PATH: path };
    const log = await run(process.execPath, ["dist/main.js", "audit", "list"], { env: old });
    expect(expectDone(log)).toMatch(/account\.update +reader +enabled: true → false/);
    await server.start();
    expect(await fetchActions(server, "reader", "team/app")).toBe("pull");
    expect(await fetchActions(server, ADMIN_NAME, "team/app")).toBe("pull,push,delete");
    expect(findEvents(server.log(), "server.start").at(-1)).toMatchObject({ credentialEpoch: 1 });
  });

  test("L10: a stream that nobody takes, or a full disk behind it, is no success", async () => {
    const server = await spawnServer(workspace);
    const shell = (line: string): Promise<Outcome> =>
      run("bash", ["-c", `set -o pipefail; ${line}`], { env: server.env });
    const program = `'${process.execPath}' dist/main.js backup -`;
    expect(await shell(`${program} >/dev/full`)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("ENOSPC"),
    });
    expect(await shell(`${program} | head -c 1`)).toMatchObject({ code: 3 });
    const file = join(workspace.folder, "stream.tar");
    expectDone(await shell(`${program} | cat >'${file}'`));
    expect(readGroups(file)).toEqual([]);
    expect(await shell(`${program} >&-`)).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("standard output is closed"),
    });
    const open = await shell(`umask 022; ${program} >'${file}.open'`);
    expect(open).toMatchObject({ code: 0, stderr: expect.stringContaining("has mode 0644") });
    const closed = await shell(`(umask 077; ${program} >'${file}.closed')`);
    expect(closed).toMatchObject({ code: 0, stderr: expect.not.stringContaining("chmod") });
  });

  test("L10: a signal ends a backup with nothing left of it, and its sender sees that it did", async () => {
    const { env } = await spawnServer(workspace);
    const folder = dirname(env["DOCKWARDEN_STORAGE__PATH"] ?? "");
    const copies = (): readonly string[] =>
      readdirSync(folder).filter((name) => name.includes("backup-"));
    const pipe = join(workspace.folder, "pipe");
    expectDone(await run("mkfifo", [pipe], { env }));
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      // Nobody takes what it writes: it waits with its copy beside the store.
      const out = openSync(pipe, "r+");
      const stdio = ["ignore", out, "ignore"] as const;
      const child = spawn(process.execPath, ["dist/main.js", "backup", "-"], {
        env,
        stdio: [...stdio],
      });
      const ended = once(child, "exit");
      await waitUntil("the copy of the store", async () => copies().length > 0);
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      closeSync(out);
      expect(copies()).toEqual([]);
    }
  });
});

test("the script of the examples keeps what is young, removes what is old only for a new one, and fails with the backup", async () => {
  const server = await spawnServer(workspace);
  const folder = await workspace.subfolder("backups");
  const env = {
    ...server.env,
    BACKUP_DIR: folder,
    BACKUP_KEEP_DAYS: "30",
    DOCKWARDEN: `${process.execPath} dist/main.js`,
  };
  const script = (more: Readonly<Record<string, string>> = {}): Promise<Outcome> =>
    run("bash", ["examples/backup/backup.sh"], { env: { ...env, ...more } });
  const old = join(folder, "dockwarden-20260101T000000Z.tar");
  const young = join(folder, "dockwarden-20260201T000000Z.tar");
  for (const path of [old, young]) writeFileSync(path, "");
  const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
  utimesSync(old, days(32), days(32));
  utimesSync(young, days(29), days(29));
  expect(await script({ DOCKWARDEN_STORAGE__PATH: "/nowhere/x.db" })).toMatchObject({ code: 3 });
  expect(readdirSync(folder)).toHaveLength(2);
  const outcome = await script();
  expectDone(outcome);
  const made = outcome.stdout.trim();
  expect(existsSync(old)).toBe(false);
  expect(existsSync(young)).toBe(true);
  expect((statSync(made).mode & 0o777).toString(8)).toBe("600");
  expect(readGroups(made)).toEqual([]);
  expect(await script({ BACKUP_KEEP_DAYS: "-1" })).toMatchObject({ code: 2 });
});

/** What the steps are made of that others can see; between two of them nothing changes. */
const STEPS = ["rename", "unlink", "link"] as const;

describeWith(["strace"], "a kill", () => {
  let home: Workspace;
  let env: Record<string, string>;
  let file: string;
  const at = (...names: readonly string[]): string => join(home.folder, ...names);
  /** What is killed is a process of its own; what looks at the outcome needs none. */
  const cli = (...args: readonly string[]): Promise<Outcome> => runHere(args, { env });

  /** Kills the command when it asks the kernel for `step` the `count`th time; -1: it was killed, 0: it was done before. */
  async function killAt(step: string, count: number, ...args: readonly string[]): Promise<number> {
    const inject = ["-e", `trace=${step}`, "-e", `inject=${step}:signal=SIGKILL:when=${count}`];
    const strace = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", ...inject];
    const { code } = await run("strace", [...strace, process.execPath, "dist/main.js", ...args], {
      env,
    });
    expect([-1, 0]).toContain(code);
    return code;
  }

  async function groups(): Promise<unknown> {
    const outcome = await cli("group", "list", "--json");
    if (outcome.code !== 0) return outcome.stderr.trim();
    return (JSON.parse(outcome.stdout) as readonly { readonly name: string }[]).map(
      ({ name }) => name,
    );
  }

  /** An installation with group `after`, and the backup of another one, with other keys and group `before`. */
  beforeAll(async () => {
    home = await openWorkspace();
    const password = at("password");
    writeFileSync(password, `${ADMIN_PASSWORD}\n`, { mode: 0o600 });
    env = {
      PATH: process.env["PATH"] ?? "",
      HOME: home.folder,
      DOCKWARDEN_STORAGE__PATH: at("site", "data", "dockwarden.db"),
      DOCKWARDEN_KEYS__DIRECTORY: at("site", "keys"),
      DOCKWARDEN_KEYS__TRUST_DIRECTORY: at("site", "trust"),
      DOCKWARDEN_ADMIN_PASSWORD_FILE: password,
      DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "7168",
      DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS: "1",
    };
    file = at("backup.tar");
    for (const [name, group] of [
      ["before", "before"],
      ["start", "after"],
    ] as const) {
      rmSync(at("site"), { recursive: true, force: true });
      expectDone(await cli("init"));
      expectDone(await cli("group", "add", group));
      if (name === "before") expectDone(await cli("backup", file));
      cpSync(at("site"), at(name), { recursive: true });
    }
  });

  afterAll(() => home.close());

  beforeEach(() => {
    rmSync(at("site"), { recursive: true });
    cpSync(at("start"), at("site"), { recursive: true });
  });

  const certificate = (site: string): string =>
    readFileSync(at(site, "trust", "token-ca.pem"), "utf8");

  test.each(STEPS)(
    "H11: of a restore at any %s leaves the old, the new, or a refusal to start until it is repeated",
    async (step) => {
      for (let count = 1; count < 30; count += 1) {
        rmSync(at("site"), { recursive: true });
        cpSync(at("start"), at("site"), { recursive: true });
        const code = await killAt(step, count, "restore", file, "--force");
        const found = await groups();
        if (typeof found === "string") {
          expect(found).toContain("run the same dockwarden restore again");
          expect(await cli("serve", "--create")).toMatchObject({ code: 3 });
          expectDone(await cli("restore", file, "--force"));
          expect(await groups()).toEqual(["before"]);
          const kept = readdirSync(at("site", "data")).filter((name) =>
            /\.db\.replaced-\w+$/.test(name),
          );
          expect(kept).toHaveLength(1);
          const old = new Database(at("site", "data", kept[0] ?? ""), { readonly: true });
          expect(old.prepare("SELECT name FROM account_group").pluck().all()).toEqual(["after"]);
          old.close();
          expect(certificate("site")).toBe(certificate("before"));
        } else {
          const isNew = JSON.stringify(found) === '["before"]';
          expect(found).toEqual(isNew ? ["before"] : ["after"]);
          if (isNew) expect(certificate("site")).toBe(certificate("before"));
          expectDone(await cli("key", "list"));
          expect(certificate("site")).toBe(certificate(isNew ? "before" : "start"));
        }
        if (code === 0) {
          expect(found).toEqual(["before"]);
          return;
        }
      }
      throw new Error("the restore never came to its end");
    },
  );

  test.each(["fsync", ...STEPS])(
    "L10: of a backup at any %s leaves a whole file or none, and the store as it was",
    async (step) => {
      const target = at("killed.tar");
      for (let count = 1; count < 30; count += 1) {
        rmSync(target, { force: true });
        const code = await killAt(step, count, "backup", target);
        if (existsSync(target)) expectDone(await cli("restore", target, "--dry-run"));
        if (code !== 0) continue;
        expect(existsSync(target)).toBe(true);
        expect(await groups()).toEqual(["after"]);
        return;
      }
      throw new Error("the backup never came to its end");
    },
  );
});
