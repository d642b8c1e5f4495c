// What commands say of single tags where a gate tells them apart: whom a rule reaches, which command would change an answer.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { from, REFUSED, writeActivity } from "../support/activity-site.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

const NOW = Math.floor(Date.now() / 1000);
const TAG_REFUSED = { ...REFUSED, asked: "pull", given: "", path: () => "" } as const;

let site: CliSite;

beforeAll(async () => {
  site = await openCliSite("policy: { tagEnforcement: gate }\n");
  await addCliUser(site, "alice", "view,pull");
  await addCliUser(site, "developer", "view,pull,push");
  await site.must("image", "register", "chat:12b", "--users", "admin");
  const path = join(site.workspace.folder, "data", "dockwarden-activity.db");
  await writeActivity(path, NOW, (sums) => {
    const sender = from("192.0.2.1");
    sums.refused({ ...TAG_REFUSED, image: "chat:7b" }, sender, NOW);
    sums.refused(
      { ...TAG_REFUSED, image: "chat:v1", asked: "push", reason: "immutable" },
      sender,
      NOW,
    );
  });
});
afterAll(() => site.close());

async function checkReference(image: string): Promise<{ code: number; stdout: string }> {
  const words = ["audit", "list", "--outcome", "refused", "--image", image];
  const [entry] = (await site.json(...words)) as readonly { readonly reference: string }[];
  return site.run(["access", "check", "--ref", entry?.reference ?? ""]);
}

test("a rule on a tag is said to let people in on that tag, not on the repository", async () => {
  const told = await site.must("image", "register", "chat:7b", "--users", "developer");
  expect(told).toContain("on chat:7b:\n    newly in (pull, push): developer\n");
  expect(await site.must("access", "grant", "chat:7b", "developer")).toContain(
    "developer may now: pull, push on chat:7b\n",
  );
});

test("the command that would change an answer opens the tag that was asked for, and no other", async () => {
  const { code, stdout } = await site.run(["access", "check", "alice", "chat:7b"]);
  expect(code).toBe(1);
  expect(stdout).toContain(
    "to change that: dockwarden access grant chat:7b alice --actions pull\n",
  );
  const anonymous = await site.run(["access", "check", "@anonymous", "other:v1"]);
  expect(anonymous.stdout).toContain("dockwarden access grant other:v1 @anonymous --actions pull");
});

test("a refusal of a tag is asked again by its reference, and the command mends it", async () => {
  const refused = await checkReference("chat:7b");
  expect(refused.code).toBe(1);
  expect(refused.stdout).toContain("now:\n  no: alice may not pull chat:7b on registry\n");
  const grant = [
    "access",
    "grant",
    "chat:7b",
    "alice",
    "--actions",
    "pull",
    "--service",
    "registry",
  ];
  expect(refused.stdout).toContain(`dockwarden ${grant.join(" ")}\n`);
  await site.must(...grant);
  expect((await checkReference("chat:7b")).code).toBe(0);
  expect((await site.run(["access", "check", "alice", "chat:12b"])).code).toBe(1);
});

test("refusals of a tag are found by the tag, by its repository and by a pattern, and by no other tag", async () => {
  const find = async (image: string): Promise<readonly string[]> => {
    const words = ["audit", "list", "--outcome", "refused", "--image", image];
    const entries = (await site.json(...words)) as readonly { readonly image: string }[];
    return entries.map((entry) => entry.image).sort();
  };
  expect(await find("chat:7b")).toEqual(["chat:7b"]);
  expect(await find("chat:7*")).toEqual(["chat:7b"]);
  expect(await find("chat")).toEqual(["chat:7b", "chat:v1"]);
  expect(await find("ch*")).toEqual(["chat:7b", "chat:v1"]);
  expect(await find("chat:12b")).toEqual([]);
});

test("the reference of a push to an immutable tag says that another tag helps", async () => {
  const { code, stdout } = await checkReference("chat:v1");
  expect(code).toBe(1);
  expect(stdout).toContain("to change that: push another tag; ");
});

test("entries are shown though the ledger's file is damaged, and that is said beside them", async () => {
  const path = join(site.workspace.folder, "data", "dockwarden-ledger.db");
  await writeFile(path, "no database at all ".repeat(400), { mode: 0o600 });
  for (const words of [["list"], ["show", "chat:7b"]]) {
    const { code, stdout, stderr } = await site.run(["image", ...words]);
    expect(code).toBe(0);
    expect(stdout).toContain("chat:7b");
    expect(stderr).toContain("dockwarden-ledger.db is damaged; move it away");
  }
  expect((await site.run(["image", "list", "--held"])).code).toBe(3);
});
