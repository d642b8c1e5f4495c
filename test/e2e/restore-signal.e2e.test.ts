// A restore that is ended early by a signal, one that is killed, and dry runs where hardly anything can be written.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { layKeys } from "../support/made-ring.js";
import { expectDone } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { run, type Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { runHere } from "../support/run-here.js";
import { ADMIN_PASSWORD } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let env: Record<string, string>;
let file: string;
const at = (...names: readonly string[]): string => join(workspace.folder, ...names);
const cli = (...args: readonly string[]): Promise<Outcome> =>
  run(process.execPath, ["dist/main.js", ...args], { env });

beforeEach(async () => {
  workspace = await openWorkspace();
  writeFileSync(at("password"), `${ADMIN_PASSWORD}\n`, { mode: 0o600 });
  mkdirSync(at("tmp"), { mode: 0o700 });
  env = {
    PATH: process.env["PATH"] ?? "",
    TMPDIR: at("tmp"),
    DOCKWARDEN_STORAGE__PATH: at("site", "data", "dockwarden.db"),
    DOCKWARDEN_KEYS__DIRECTORY: at("site", "keys"),
    DOCKWARDEN_KEYS__TRUST_DIRECTORY: at("site", "trust"),
    DOCKWARDEN_ADMIN_PASSWORD_FILE: at("password"),
    DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "7168",
    DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS: "1",
  };
  file = at("backup.tar");
  await layKeys(at("site", "keys"));
  expectDone(await runHere(["init"], { env }));
  expectDone(await runHere(["backup", file], { env }));
  expectDone(await runHere(["group", "add", "after"], { env }));
});

afterEach(() => workspace.close());

const groups = async (): Promise<string> =>
  expectDone(await runHere(["group", "list", "--json"], { env }));

/** Where each of them works, and the file with the keys in it. */
const WORK = [
  ["--dry-run", ["tmp"], "dockwarden-check-"],
  ["--force", ["site", "data"], "dockwarden.db.staging-"],
] as const;

/** A restore that has taken half of the backup from standard input and waits for the rest. */
async function startHalf(option: string, place: string, prefix: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["dist/main.js", "restore", "-", option], {
    env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.write(readFileSync(file).subarray(0, 20_000));
  await waitUntil("the keys beside the store or below TMPDIR", async () =>
    readdirSync(place)
      .filter((name) => name.startsWith(prefix))
      .some((name) => readdirSync(join(place, name)).includes("backup.tar")),
  );
  return child;
}

describe.each(WORK)("restore - %s", (option, names, prefix) => {
  const left = (): readonly string[] =>
    readdirSync(at(...names)).filter((name) => name.startsWith(prefix));

  test.each(["SIGTERM", "SIGINT", "SIGHUP"] as const)(
    "L10: %s ends it with nothing left of the backup, and its sender sees that it did",
    async (signal) => {
      const before = await groups();
      const child = await startHalf(option, at(...names), prefix);
      const ended = once(child, "exit");
      child.kill(signal);
      expect(await ended).toEqual([null, signal]);
      expect(left()).toEqual([]);
      expect(await groups()).toBe(before);
    },
  );

  test("L10: what a killed one left is removed by the next", async () => {
    const child = await startHalf(option, at(...names), prefix);
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    expect(left()).toHaveLength(1);
    expectDone(await cli("restore", file, option));
    expect(left()).toEqual([]);
  });
});

describeWith(["strace"], "a signal", () => {
  test("H11: once the first file has moved, a signal doesn't end a restore half-way", async () => {
    for (let count = 1; count <= 5; count += 1) {
      const inject = ["-e", "trace=rename", "-e", `inject=rename:signal=SIGTERM:when=${count}`];
      const strace = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", ...inject];
      const restore = [process.execPath, "dist/main.js", "restore", file, "--force"];
      const outcome = await run("strace", [...strace, ...restore], { env });
      expect(expectDone(outcome)).toContain("Then start the server.");
      expect(await groups()).not.toContain("after");
    }
  });
});

describe("restore --dry-run", () => {
  test("names TMPDIR where it can't be used, and what to do", async () => {
    env = { ...env, TMPDIR: at("nowhere") };
    expect(await cli("restore", file, "--dry-run")).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(
        `^the backup can't be unpacked below ${at("nowhere")} by user id \\d+ \\(ENOENT\\); set TMPDIR to a folder`,
      ),
    });
  });
});

describeWith(["unshare"], "restore --dry-run on a read-only file system", () => {
  test.each(["-", "FILE"])("checks the backup all the same: %s", async (word) => {
    const bind = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"';
    const restore = ["dist/main.js", "restore", word === "-" ? "-" : file, "--dry-run"];
    const words = ["-m", "sh", "-c", bind, "sh", at("site"), process.execPath, ...restore];
    const outcome = await run("unshare", words, { env, stdin: readFileSync(file) });
    expect(expectDone(outcome)).toContain("is a whole backup of");
  });
});
