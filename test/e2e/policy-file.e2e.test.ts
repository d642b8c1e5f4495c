// policy.file at a running server: applied before it listens, followed under load, and what happens to passwords and tokens.
import { appendFile, chmod, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { waitUntil } from "../support/poll.js";
import { mountPolicy, type PolicyMount } from "../support/policy-mount.js";
import { ADMIN_PASSWORD, addUser, passwordOf } from "../support/spawn-server.js";
import { dumpStore } from "../support/store-dump.js";
import { basicHeader, fetchActions } from "../support/token-client.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const LOOPS = 8;
const CHANGES = 8;
/** Between two requests of a loop: a load, and not all that the machine has. */
const PAUSE_MILLISECONDS = 50;

let workspace: Workspace;
let mount: PolicyMount;

/** Developer and reader have the passwords of all tests; what is given to developer changes. */
const policy = (actions: string, more = ""): string => `dockwarden: 1
accounts:
  admin: { permissions: [view, pull, push, delete, admin] }
  developer: { permissions: [view, pull, push, delete] }
  reader: { passwordFile: ../reader-password }
  late: { passwordFile: ../late-password }
images:
  team/app: { grants: { developer: [${actions}], reader: [pull] } }
${more}`;

const statusOf = async (authorization: string): Promise<number> => {
  const query = "service=registry&scope=repository:team/app:pull";
  const answer = await fetch(`http://127.0.0.1:${mount.server.port}/token?${query}`, {
    headers: { authorization },
  });
  await answer.arrayBuffer();
  return answer.status;
};
const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`;
const storePath = (): string => mount.server.env["DOCKWARDEN_STORAGE__PATH"] ?? "";

beforeAll(async () => {
  workspace = await openWorkspace();
  await writeFile(join(workspace.folder, "reader-password"), `${passwordOf("reader")}\n`);
  await writeFile(join(workspace.folder, "late-password"), "first-harbour-meadow-1\n");
  mount = await mountPolicy(workspace, policy("pull"));
});

afterAll(async () => {
  await workspace.close();
});

test("it is applied before the server listens", () => {
  const lines = mount.server.log().split("\n");
  const at = (evt: string): number => lines.findIndex((line) => line.includes(`"evt":"${evt}"`));
  expect(at("policy.file_applied")).toBeGreaterThan(-1);
  expect(at("server.start")).toBeGreaterThan(at("policy.file_applied"));
  expect(mount.applied().map(({ changes }) => changes)).toEqual(["4 new, 0 changed, 0 removed"]);
});

test("a command that changes what it says, says so; a password is nobody's but its owner's", async () => {
  const note = `note: policy.file (${mount.path}) says what accounts, groups and images there are: put this change there as well, or its next application takes it back\n`;
  const added = await mount.server.cli(["group", "add", "ml"]);
  expect([added.code, added.stderr]).toEqual([0, note]);
  const passwd = ["user", "passwd", "developer", "--password-stdin"];
  const changed = await mount.server.cli(passwd, { stdin: `${passwordOf("developer")}\n` });
  expect([changed.code, changed.stderr]).toEqual([0, ""]);
  const created = await mount.server.cli(["token", "create", "reader"]);
  expect([created.code, created.stderr.includes("note: policy.file")]).toEqual([0, false]);
});

test("changed again and again under load, every request is answered and follows the newest at once", async () => {
  const ending = { isOver: false, answered: 0 };
  const failures: string[] = [];
  const loop = async (name: string): Promise<void> => {
    while (!ending.isOver) {
      const status = await statusOf(basicHeader(name)).catch((error: unknown) => String(error));
      ending.answered += 1;
      if (status !== 200) failures.push(`${name}: ${status}`);
      await pause(PAUSE_MILLISECONDS);
    }
  };
  const loops = Array.from({ length: LOOPS }, (_, at) =>
    loop(at % 2 === 0 ? "reader" : "developer"),
  );
  const seen: string[] = [];
  const wanted: string[] = [];
  try {
    for (let round = 0; round < CHANGES; round += 1) {
      const actions = ["pull,push", "pull,delete", "pull,push,delete", "pull"][round % 4] ?? "";
      await mount.apply(policy(actions));
      wanted.push(actions);
      seen.push(await fetchActions(mount.server, "developer", "team/app"));
    }
  } finally {
    ending.isOver = true;
    await Promise.all(loops);
  }
  expect(failures).toEqual([]);
  expect(seen).toEqual(wanted);
  expect(ending.answered).toBeGreaterThan(CHANGES * LOOPS);
}, 180_000);

test("a copy that takes its time is applied when it is whole, and never in part", async () => {
  const file = join(mount.folder, "..data", "policy.yml");
  const lines = policy("pull,push", "  team/last: { grants: { reader: [pull] } }\n").split(
    /(?<=\n)/,
  );
  const before = mount.applied().length;
  const troubles: string[] = [];
  await truncate(file);
  for (const line of lines) {
    await appendFile(file, line);
    // Each request takes a moment: one line less than a look, all of them together several.
    for (let asked = 0; asked < 15; asked += 1) troubles.push(...(await mount.reasons()));
  }
  await waitUntil("the whole is applied", async () => mount.applied().length > before);
  expect(
    mount
      .applied()
      .slice(before)
      .map(({ changes }) => changes),
  ).toEqual(["1 new, 1 changed, 0 removed"]);
  expect(troubles).toEqual([]);
}, 60_000);

test("started again with the same file, it changes nothing", async () => {
  const before = dumpStore(storePath());
  await mount.server.stop();
  await mount.server.start();
  expect(
    mount
      .applied()
      .map(({ changes }) => changes)
      .at(-1),
  ).toBe("0 new, 0 changed, 0 removed");
  expect(dumpStore(storePath())).toBe(before);
});

test("a password that somebody set stays, until the password file has another", async () => {
  const own = "own-lantern-harbour-77";
  await mount.server.mustCli(["user", "passwd", "late", "--password-stdin"], { stdin: `${own}\n` });
  await mount.apply(policy("pull"));
  expect(await statusOf(basic("late", own))).toBe(200);
  const before = mount.applied().length;
  await writeFile(join(workspace.folder, "late-password"), "second-harbour-meadow-2\n");
  await waitUntil("the new password is applied", async () => mount.applied().length > before);
  expect([
    await statusOf(basic("late", "second-harbour-meadow-2")),
    await statusOf(basic("late", own)),
    await statusOf(basic("late", "first-harbour-meadow-1")),
  ]).toEqual([200, 401, 401]);
});

test("an account that it no longer names is refused at once, with its personal token", async () => {
  const { stdout } = await mount.server.mustCli(["token", "create", "late"]);
  const personal = basic("late", stdout.trim());
  expect(await statusOf(personal)).toBe(200);
  await mount.apply(policy("pull").replace(/ {2}late: .*\n/, ""));
  expect([
    await statusOf(personal),
    await statusOf(basic("late", "second-harbour-meadow-2")),
  ]).toEqual([401, 401]);
});

test("a file that vanishes leaves in force what it said, and is in force again when it comes back", async () => {
  await rm(mount.path);
  await waitUntil("health says so", async () => (await mount.reasons()).length > 0);
  expect(await mount.reasons()).toEqual([
    expect.stringMatching(
      /^policy\.file .*policy\.yml: can't be read \(ENOENT\); .*; the policy applied at 2\d+-.*Z stays in force$/,
    ),
  ]);
  expect(await fetchActions(mount.server, "developer", "team/app")).toBe("pull");
  await writeFile(mount.path, policy("pull,delete"));
  await chmod(mount.path, 0o644);
  await waitUntil("health is well again", async () => (await mount.reasons()).length === 0);
  expect(await fetchActions(mount.server, "developer", "team/app")).toBe("pull,delete");
});

test("a file that is missing at the start keeps nobody out", async () => {
  await mount.server.stop();
  await rm(mount.path);
  await mount.server.start();
  expect(await mount.reasons()).toEqual([
    expect.stringMatching(/can't be read \(ENOENT\).*; none was applied since the server started/),
  ]);
  expect(await statusOf(basic("admin", ADMIN_PASSWORD))).toBe(200);
  await addUser(mount.server, "somebody", "view,pull");
});
