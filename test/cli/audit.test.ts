// The audit of changes: every change with who, what, before and after; refused ones leave nothing; never a secret.
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

interface Entry {
  readonly id: number;
  readonly at: string;
  readonly actor: string;
  readonly actorClaimed: boolean;
  readonly verb: string;
  readonly object: string;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

describe("audit list", () => {
  let site: CliSite;

  const list = async (...words: string[]): Promise<readonly Entry[]> =>
    (await site.json("audit", "list", ...words)) as readonly Entry[];

  /** What one command adds to the audit. */
  async function changesOf(...words: string[]): Promise<readonly Entry[]> {
    const before = (await list()).length;
    await site.must(...words);
    return (await list()).slice(before);
  }

  const storePath = (): string => join(site.workspace.folder, "data", "dockwarden.db");

  beforeAll(async () => {
    site = await openCliSite("token: { services: [registry, second] }\n");
    await addCliUser(site, "alice", "view,pull");
  });

  afterAll(() => site.close());

  test("begins with the first admin, made by the system's user", async () => {
    const [first] = await list();
    expect(first).toMatchObject({
      verb: "account.add",
      object: "admin",
      actor: userInfo().username,
      actorClaimed: false,
      before: null,
    });
    expect(first?.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  test.each([
    [
      "user update alice --permissions view,pull,push",
      "account.update",
      { permissions: ["view", "pull"] },
      { permissions: ["view", "pull", "push"] },
    ],
    ["user disable alice", "account.update", { enabled: true }, { enabled: false }],
    ["user enable alice", "account.update", { enabled: false }, { enabled: true }],
    ["user rename alice anna", "account.update", { name: "alice" }, { name: "anna" }],
    ["user rename anna alice", "account.update", { name: "anna" }, { name: "alice" }],
    ["group add ml", "group.add", null, { name: "ml" }],
    ["group add-member ml alice", "group.add-members", { members: [] }, { members: ["alice"] }],
    [
      "image register team/app --users group:ml",
      "image.register",
      null,
      { exclusive: true, grants: [{ subject: "group:ml", actions: ["pull", "push", "delete"] }] },
    ],
    [
      "access grant team/app alice --actions pull,push",
      "access.grant",
      null,
      { subject: "alice", actions: ["pull", "push"] },
    ],
    [
      "access revoke team/app alice --actions push",
      "access.revoke",
      { actions: ["pull", "push"] },
      { actions: ["pull"] },
    ],
    ["access revoke team/app alice", "access.revoke", { actions: ["pull"] }, null],
    ["image update team/app --public", "image.update", { exclusive: true }, { exclusive: false }],
    ["image unregister team/app --yes", "image.unregister", { exclusive: false }, null],
    [
      "group remove-member ml alice",
      "group.remove-members",
      { members: ["alice"] },
      { members: [] },
    ],
    ["group remove ml --yes", "group.remove", { name: "ml", members: [] }, null],
  ])("%s is one %s with before and after", async (line, verb, before, after) => {
    const changes = await changesOf(...line.split(" "));
    expect(changes).toHaveLength(1);
    expect(changes[0]).toMatchObject({ verb, before, after });
  });

  test("an account that is removed leaves its groups and rights on record", async () => {
    await site.must("group", "add", "qa");
    await addCliUser(site, "carol", "view,pull");
    await site.must("group", "add-member", "qa", "carol");
    const [change] = await changesOf("user", "remove", "carol", "--yes");
    expect(change).toMatchObject({
      verb: "account.remove",
      object: "carol",
      before: { groups: ["qa"], permissions: ["view", "pull"] },
      after: null,
    });
    expect((await list("--account", "carol")).map(({ verb }) => verb)).toEqual([
      "account.add",
      "group.add-members",
      "account.remove",
    ]);
  });

  test("a new password is said to be new, and no hash is anywhere in the audit", async () => {
    const [change] = await changesOf("user", "passwd", "alice", "--generate");
    expect(change).toMatchObject({ object: "alice", after: { password: "changed" } });
    expect(change?.before).not.toHaveProperty("password");
    expect(JSON.stringify(await list())).not.toMatch(/\$argon2|hash/i);
  });

  test.each([
    "user update admin --permissions view",
    "user add alice --generate",
    "group add-member qa nosuch",
    "access grant team/new nosuch",
    "image register team/other --users nosuch",
    "access revoke team/none alice",
  ])("%s is refused and leaves nothing in the audit", async (line) => {
    const before = await list();
    expect((await site.run(line.split(" "))).code).toBe(1);
    expect(await list()).toEqual(before);
  });

  test("what changes nothing is no change", async () => {
    await site.must("image", "register", "team/same", "--public");
    expect(await changesOf("image", "register", "team/same", "--public")).toEqual([]);
    await site.must("group", "add-member", "qa", "alice");
    expect(await changesOf("group", "add-member", "qa", "alice")).toEqual([]);
    expect(await changesOf("user", "enable", "alice")).toEqual([]);
    expect(await changesOf("user", "update", "alice", "--expires", "never")).toEqual([]);
    expect(await changesOf("user", "unlock", "alice")).toMatchObject([{ verb: "account.unlock" }]);
  });

  test("DOCKWARDEN_ACTOR is kept as what the caller claims", async () => {
    process.env["DOCKWARDEN_ACTOR"] = "deploy pipeline 7";
    try {
      const [change] = await changesOf("group", "add", "claimed");
      expect(change).toMatchObject({ actor: "deploy pipeline 7", actorClaimed: true });
    } finally {
      delete process.env["DOCKWARDEN_ACTOR"];
    }
    expect(await site.must("audit", "list", "--group", "claimed")).toContain("7 (claimed)");
  });

  test("a change that can't be written down is not made", async () => {
    const store = new Database(storePath());
    store.exec(
      "CREATE TRIGGER no_audit BEFORE INSERT ON change BEGIN SELECT RAISE(ABORT, 'no audit'); END",
    );
    try {
      const before = await site.dump();
      expect((await site.run(["group", "add", "unseen"])).code).toBe(3);
      expect((await site.run(["access", "grant", "team/same", "alice"])).code).toBe(3);
      expect(await site.dump()).toBe(before);
    } finally {
      store.exec("DROP TRIGGER no_audit");
      store.close();
    }
  });

  test("is narrowed by account, group, image, person, time and number", async () => {
    await site.must("access", "grant", "team/find", "alice");
    const objects = async (...words: string[]): Promise<readonly string[]> =>
      (await list(...words)).map(({ verb, object }) => `${verb} ${object}`);
    expect(await objects("--image", "team/find")).toEqual(["access.grant team/find"]);
    expect((await objects("--account", "alice")).at(-1)).toBe("access.grant team/find");
    expect(await objects("--account", "ALICE", "--limit", "1")).toEqual(["access.grant team/find"]);
    expect(await objects("--group", "qa")).toContain("group.add-members qa");
    expect(await objects("--actor", "nobody-else")).toEqual([]);
    expect(await objects("--until", "1d")).toEqual([]);
    expect((await objects("--since", "1d")).length).toBeGreaterThan(10);
    for (const words of [
      ["--since", "soon"],
      ["--limit", "0"],
      ["--account", "alice", "--image", "team/find"],
    ]) {
      const outcome = await site.run(["audit", "list", ...words]);
      expect(outcome).toMatchObject({ code: 2, stdout: "" });
    }
  });

  test("of a registry has changes of the entries that hold there, and no others", async () => {
    await site.must("image", "register", "team/here", "--public", "--service", "registry");
    await site.must("image", "register", "team/there", "--public", "--service", "second");
    const found = (await list("--service", "registry")).map(({ object }) => object);
    expect(found).toEqual(expect.arrayContaining(["team/here", "team/find"]));
    expect(found).not.toContain("team/there");
    expect(found).not.toContain("alice");
  });

  test("cuts our own host off an image and says so", async () => {
    const outcome = await site.run(["audit", "list", "--image", "localhost:5000/team/find"]);
    expect(outcome.code).toBe(0);
    expect(outcome.stdout).toContain("localhost:5000/ is this registry's own host and was cut off");
    expect(outcome.stdout).toMatch(/access\.grant +team\/find/);
  });

  test("of an account that was renamed says under which name the older entries are", async () => {
    await addCliUser(site, "early", "view,pull");
    await site.must("user", "rename", "early", "late");
    const told = await site.run(["audit", "list", "--account", "late", "--json"]);
    expect(told.stderr).toMatch(
      /^late was early until (\S+Z); what is older: dockwarden audit list --account early --until \1\n$/,
    );
    expect(JSON.parse(told.stdout)).toMatchObject([{ before: { name: "early" } }]);
    expect((await site.run(["audit", "list", "--account", "early"])).stderr).toBe("");
    expect((await list("--account", "early")).map(({ verb }) => verb)).toEqual([
      "account.add",
      "account.update",
    ]);
  });

  test("shows people only what differs", async () => {
    await site.must("user", "update", "alice", "--permissions", "view,pull");
    const told = await site.must("audit", "list", "--account", "alice", "--limit", "1");
    expect(told).toMatch(/account\.update +alice +permissions: view, pull, push → view, pull\n/);
  });

  test("forgets what is older than audit.retentionDays", async () => {
    const store = new Database(storePath());
    store.exec("UPDATE change SET at = at - 91 * 86400 WHERE id <= 3");
    store.close();
    const before = await list();
    expect(await site.json("audit", "prune")).toMatchObject({ changes: 3, retentionDays: 90 });
    expect(await list()).toEqual(before.slice(3));
    const left = new Database(storePath(), { readonly: true });
    expect(
      left.prepare("SELECT count(*) FROM change_name WHERE change_id <= 3").pluck().get(),
    ).toBe(0);
    left.close();
  });
});
