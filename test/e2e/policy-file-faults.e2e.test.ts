// Thirty-odd broken versions of policy.file: each changes nothing, stands in health and log, and the server goes on.
import { execFileSync } from "node:child_process";
import { chmod, mkdir, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { waitUntil } from "../support/poll.js";
import { mountPolicy, type PolicyMount } from "../support/policy-mount.js";
import { passwordOf } from "../support/spawn-server.js";
import { dumpStore } from "../support/store-dump.js";
import { fetchActions } from "../support/token-client.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let mount: PolicyMount;
let before: string;
let refusals = 0;

const ADMIN = "admin: { permissions: [view, pull, push, delete, admin] }";
const GOOD = `dockwarden: 1
accounts:
  ${ADMIN}
  reader: { permissions: [view, pull, push], passwordFile: ../reader-password }
groups: { ml: [reader] }
images:
  team/app: { grants: { reader: [pull] } }
`;
const accounts = (lines: string): string => `dockwarden: 1\naccounts: { ${lines} }\n`;
const images = (lines: string): string => `dockwarden: 1\nimages:\n  ${lines}\n`;
const inJson = JSON.stringify({ dockwarden: 1, accounts: { admin: { permissions: ["admin"] } } });

/** What is wrong, and what stands in the file. */
const BROKEN: readonly (readonly [what: string, text: string | Buffer, says: RegExp])[] = [
  ["nothing", "", /line 1: is empty; begin with dockwarden: 1/],
  ["comments alone", "# later\n", /is empty/],
  ["cut in its first word", GOOD.slice(0, 5), /line 1: /],
  ["cut inside braces", GOOD.slice(0, GOOD.indexOf("delete")), /is not valid YAML/],
  ["JSON cut at its beginning", inJson.slice(0, 12), /line 1/],
  ["JSON cut in the middle", inJson.slice(0, 40), /is not valid YAML/],
  ["JSON cut before its end", inJson.slice(0, -1), /is not valid YAML/],
  ["bad indentation", "dockwarden: 1\n accounts:\n\tadmin: {}\n", /is not valid YAML/],
  ["no version", `accounts: { ${ADMIN} }\n`, /dockwarden: must be 1/],
  ["another version", GOOD.replace(": 1", ": 2"), /dockwarden: must be 1/],
  ["a section of the wrong type", "dockwarden: 1\naccounts: [admin]\n", /line 2: accounts/],
  [
    "permissions of the wrong type",
    accounts("admin: { permissions: admin }"),
    /list of permissions/,
  ],
  ["an unknown permission", accounts("admin: { permissions: [root] }"), /permissions are view/],
  ["an unknown section", `${GOOD}users: {}\n`, /users: is not known here/],
  ["an unknown member", accounts("admin: { pasword: x }"), /is not known here/],
  ["the last admin removed", accounts("reader: {}"), /it would leave no admin/],
  ["the last admin demoted", accounts("admin: { permissions: [view] }"), /leave no admin/],
  [
    "the last admin disabled",
    accounts("admin: { permissions: [admin], enabled: false }"),
    /leave no admin/,
  ],
  [
    "an admin without a password in the place of the last",
    accounts("boss: { permissions: [admin] }"),
    /leave no admin with a password/,
  ],
  ["twins", accounts(`${ADMIN}, ADMIN: {}`), /is the same name as admin/],
  ["the same key twice", `${GOOD}groups: {}\n`, /stands twice/],
  ["an unknown account in a group", "dockwarden: 1\ngroups: { ml: [nobody] }\n", /no such account/],
  ["an unknown subject", images("team/app: { grants: { ghost: [pull] } }"), /granted to ghost/],
  ["a tag without a gate", images('"team/app:1.0": { grants: { reader: [pull] } }'), /tag/],
  ["a bad hash", accounts(`${ADMIN}, reader: { passwordHash: secret }`), /passwordHash/],
  ["a missing password file", accounts(`${ADMIN}, reader: { passwordFile: gone }`), /ENOENT/],
  ["an alias bomb", "a: &a [x]\nb: &b [*a, *a]\ndockwarden: 1\nc: [*b, *b]\n", /alias|anchor/],
  ["deep nesting", `dockwarden: 1\nimages: ${"[".repeat(5000)}\n`, /nested too deeply/],
  ["a NUL", `${GOOD}\0`, /holds a NUL/],
  ["what is not UTF-8", Buffer.from(GOOD.replace("reader", "re\u00e4der"), "latin1"), /not UTF-8/],
];

const trouble = async (): Promise<string> => (await mount.reasons()).join("\n");

/** In its own words, and nothing else has changed. */
async function expectRefused(says: RegExp): Promise<void> {
  refusals += 1;
  await waitUntil("it is read", async () => mount.refused().length === refusals);
  await waitUntil(`health says ${says.source}`, async () => says.test(await trouble()));
  expect(await trouble()).toMatch(/^policy\.file .*; the policy applied at \S+Z stays in force$/);
  expect(JSON.stringify(mount.refused().at(-1)?.["faults"])).toContain("policy.yml:");
  expect(await fetchActions(mount.server, "reader", "team/app")).toBe("pull");
  expect(dumpStore(mount.server.env["DOCKWARDEN_STORAGE__PATH"] ?? "")).toBe(before);
  expect(mount.applied()).toHaveLength(1);
}

beforeAll(async () => {
  workspace = await openWorkspace();
  await writeFile(join(workspace.folder, "reader-password"), `${passwordOf("reader")}\n`);
  mount = await mountPolicy(workspace, GOOD);
  before = dumpStore(mount.server.env["DOCKWARDEN_STORAGE__PATH"] ?? "");
});

afterAll(async () => {
  await workspace.close();
});

test.each(BROKEN)("%s: nothing is changed, and the server goes on", async (_, text, says) => {
  await mount.swap(text);
  await expectRefused(says);
});

test("longer than 64 MB: nothing is changed, and the server goes on", async () => {
  await mount.swap(GOOD);
  await truncate(join(mount.folder, "..data", "policy.yml"), 65_000_000);
  await expectRefused(/is longer than 64 MB/);
});

test("open to others: nothing is changed, and the server goes on", async () => {
  await mount.swap(GOOD);
  await chmod(join(mount.folder, "..data", "policy.yml"), 0o666);
  await expectRefused(/can be written by others/);
});

test("a directory: nothing is changed, and the server goes on", async () => {
  const odd = join(mount.folder, "odd");
  await mkdir(odd);
  await rename(mount.path, join(mount.folder, "kept"));
  await rename(odd, mount.path);
  await expectRefused(/is not a regular file/);
});

test("a pipe: nothing is changed, and nobody waits for it", async () => {
  await rename(mount.path, join(mount.folder, "odd"));
  await expectRefused(/ENOENT/);
  execFileSync("mkfifo", [mount.path]);
  await expectRefused(/is not a regular file/);
});

test("a good one counts again, with everything that it says", async () => {
  await rename(join(mount.folder, "kept"), mount.path);
  await mount.swap(GOOD.replace("[pull]", "[pull, push]"));
  await waitUntil("it is applied", async () => mount.applied().length === 2);
  expect(await trouble()).toBe("");
  expect(await fetchActions(mount.server, "reader", "team/app")).toBe("pull,push");
});
