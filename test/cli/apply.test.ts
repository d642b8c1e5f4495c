// `dockwarden export` and `dockwarden apply` on a real store: a plan, one transaction, and the way back.
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { addCliUser, GOOD_PASSWORD, openCliSite, type CliSite } from "../support/cli-site.js";
import { dumpStore } from "../support/store-dump.js";

const BCRYPT = "$2b$04$8Q5XZbqVbE9oZ3sGq2x7OeJ6pQvM6lE0oJm0iN1b3rJcDqS5wT1Hy";

const DOCUMENT = `dockwarden: 1
accounts:
  admin: {permissions: [admin]}
  developer:
    permissions: [view, pull, push]
    email: developer@example.com
    passwordHash: ${BCRYPT}
  reader:
  ci: {kind: robot, owner: developer, permissions: [pull, push], enabled: false}
groups:
  ml: [developer, ci]
images:
  telechat:7b-fp16: {users: [developer, group:ml], immutable: true, size: 14000000000}
  team/**:
    description: what teams share
    grants:
      group:ml: all
      "@authenticated": [pull]
      reader: {actions: [push], expires: 2100-01-31}
  public/base on registry: {grants: {"@anonymous": all}}
`;

let site: CliSite;

beforeEach(async () => {
  site = await openCliSite("policy: { tagEnforcement: gate }\n");
});
afterEach(() => site.close());

async function write(text: string, name = "policy.yml"): Promise<string> {
  const path = join(site.workspace.folder, name);
  await writeFile(path, text);
  return path;
}

async function apply(text: string, ...options: string[]) {
  return site.run(["apply", await write(text), ...options]);
}

const dump = (): string => dumpStore(join(site.workspace.folder, "data", "dockwarden.db"));

describe("apply", () => {
  test("makes the store what the document says, and says what that is", async () => {
    const { code, stdout } = await apply(DOCUMENT);
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, 9)).toEqual([
      "+ user developer: view, pull, push; developer@example.com; with its password",
      "+ user reader: view, pull; no password yet (dockwarden user passwd reader)",
      "+ robot ci: pull, push; owned by developer; disabled; no secret yet (dockwarden robot rotate ci)",
      "+ group ml: ci, developer",
      "+ image telechat:7b-fp16: exclusive; immutable; developer, group:ml",
      "+ image team/**: @authenticated (pull), group:ml, reader (pull, push; until 2100-02-01T00:00:00Z)",
      "+ image public/base on registry: @anonymous (pull)",
      "7 new, 0 changed, 0 removed",
      "who gains and loses what:",
    ]);
    expect(stdout).toContain("on telechat:7b-fp16:\n    newly in (pull, push): developer\n");
    expect(stdout).not.toContain("$2b$");
    expect(await site.json("image", "show", "telechat:7b-fp16")).toMatchObject({
      exclusive: true,
      immutable: true,
    });
    expect((await site.run(["access", "check", "reader", "team/app"])).code).toBe(0);
  });

  test("a place that two patterns have in common is told once, as the example that it is", async () => {
    const both = `dockwarden: 1
accounts: { admin: { permissions: [admin] }, dev: {} }
images:
  "**": { grants: { "@authenticated": [pull] } }
  "ml-*": { grants: { dev: all } }
  xylophone: { users: [] }
`;
    const { stdout } = await apply(both, "--dry-run");
    expect(stdout.match(/^ {2}on .*/gm)?.sort()).toEqual([
      "  on ml-x (an example of ml-*):",
      "  on x (an example of **):",
    ]);
  });

  test("a second time changes nothing, not a row", async () => {
    await apply(DOCUMENT);
    const before = dump();
    const { code, stdout } = await apply(DOCUMENT);
    expect([code, stdout]).toEqual([0, "unchanged: the store is as the document says\n"]);
    expect(dump()).toBe(before);
  });

  test("--dry-run shows the same plan and changes nothing", async () => {
    const before = dump();
    const { code, stdout } = await apply(DOCUMENT, "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toContain("7 new, 0 changed, 0 removed; nothing was changed (--dry-run)");
    expect(stdout).toContain("newly in (pull, push): developer");
    expect(dump()).toBe(before);
  });

  test("what a section does not name goes; a section that is absent says nothing", async () => {
    await apply(DOCUMENT);
    const { stdout } = await apply("dockwarden: 1\ngroups:\n  ml: [developer]\nimages:\n");
    expect(stdout).toContain("~ group ml: ci leaves\n");
    expect(stdout).toContain("- image team/**, with its grants (");
    expect(stdout).toContain("0 new, 1 changed, 3 removed\n");
    expect(await site.json("image", "list")).toEqual([]);
    expect((await site.run(["user", "show", "reader"])).code).toBe(0);
  });

  test("--keep adds and changes, and lets everything else stay", async () => {
    await apply(DOCUMENT);
    const more = "dockwarden: 1\naccounts:\n  reader: {permissions: [pull]}\n  newcomer:\n";
    const { stdout } = await apply(more, "--keep");
    expect(stdout).toContain("+ user newcomer");
    expect(stdout).toContain("~ user reader: view, pull → pull");
    expect(stdout).toContain("1 new, 1 changed, 0 removed\n");
    expect((await site.run(["user", "show", "developer"])).code).toBe(0);
  });

  test("removes an account with its credentials and grants, and says who loses what", async () => {
    await apply(DOCUMENT);
    await site.must("token", "create", "reader");
    const without = DOCUMENT.replace("  reader:\n  ci", "  ci").replace(/\n +reader: .*/, "");
    const { code, stdout } = await apply(without);
    expect(code).toBe(0);
    expect(stdout).toContain("- user reader, with its credentials and grants");
    expect(stdout).toContain("no longer in (had pull): reader");
    expect(await site.json("token", "list")).toEqual([]);
  });

  test.each([
    ["removed", "  developer: {permissions: [pull]}"],
    ["demoted", "  admin: {permissions: [pull, push]}"],
    ["disabled", "  admin: {permissions: [admin], enabled: false}"],
    ["given an end", "  admin: {permissions: [admin], expires: 2100-01-01}"],
    ["replaced by a robot", "  bot: {kind: robot, permissions: [admin]}"],
  ])("refuses a document by which the last admin is %s", async (_how, line) => {
    const before = dump();
    const { code, stderr } = await apply(`dockwarden: 1\naccounts:\n${line}\n`);
    expect(code).toBe(1);
    expect(stderr).toContain("it would leave no admin: state an enabled user without an end");
    expect(dump()).toBe(before);
  });

  test("refuses another admin who could not sign in", async () => {
    const { code, stderr } = await apply(
      "dockwarden: 1\naccounts:\n  root: {permissions: [admin]}\n",
    );
    expect(code).toBe(1);
    expect(stderr).toContain("it would leave no admin with a password: give root a passwordHash");
  });

  test("hands over to another admin with a password", async () => {
    const document = `dockwarden: 1\naccounts:\n  root: {permissions: [admin], passwordHash: "${BCRYPT}"}\n`;
    const { code, stdout } = await apply(document, "--yes");
    expect(code).toBe(0);
    expect(stdout).toContain("- user admin, with its credentials and grants");
  });

  test("reads passwords out of files beside the document, and hashes only what changed", async () => {
    const document =
      "dockwarden: 1\naccounts:\n  admin: {permissions: [admin]}\n  dev: {passwordFile: dev.txt}\n";
    await write(`${GOOD_PASSWORD}\n`, "dev.txt");
    expect((await apply(document)).stdout).toContain("+ user dev: view, pull; with its password");
    expect((await apply(document)).stdout).toContain("unchanged");
    // Somebody else's password stays, for the file still says what it said.
    await site.run(["user", "passwd", "dev", "--password-stdin"], "another-lantern-meadow-7\n");
    expect((await apply(document)).stdout).toContain("unchanged");
    await write("third-lantern-meadow-9\n", "dev.txt");
    expect((await apply(document)).stdout).toContain(
      "~ user dev: another password, which ends its logins",
    );
    await write("short\n", "dev.txt");
    const weak = await apply(document);
    expect(weak.code).toBe(1);
    expect(weak.stderr).toContain("policy.yml:4: accounts › dev › passwordFile: ");
    expect(weak.stderr).not.toContain("short\n");
  });

  test("keeps a hash that was stated before, whatever its login made of it", async () => {
    const document = `dockwarden: 1\naccounts:\n  admin: {permissions: [admin]}\n  dev: {passwordHash: "${BCRYPT}"}\n`;
    await apply(document);
    await site.run(["user", "passwd", "dev", "--password-stdin"], `${GOOD_PASSWORD}\n`);
    expect((await apply(document)).stdout).toContain("unchanged");
    const other = document.replace("2b$04$8Q", "2b$04$9Q");
    expect((await apply(other)).stdout).toContain("~ user dev: another password");
  });

  test("names every fault of a file with its line, and changes nothing", async () => {
    const before = dump();
    const { code, stderr } = await apply(
      [
        "dockwarden: 1",
        "accounts:",
        "  Bob: {permissions: [pull], passwordHash: $apr1$abc$def}",
        "  bob:",
        "  ci: {kind: robot, passwordFile: x, expires: 30d}",
        "images:",
        "  Foo: {users: [a b]}",
        "  elsewhere:5000/app: {users: []}",
        '  x: {users: [bob], grants: {"@nobody": all}}',
        "",
      ].join("\n"),
    );
    expect(code).toBe(1);
    const lines = stderr.split("\n").map((line) => line.replace(/^.*policy\.yml:/, ""));
    expect(lines.map((line) => line.slice(0, 40))).toEqual([
      "3: accounts › Bob › passwordHash: the ha",
      "4: accounts › bob: is the same name as B",
      "5: accounts › ci › expires: an end is a ",
      "5: accounts › ci › passwordFile: robots ",
      '7: images › Foo: "Foo": a repository has',
      '7: images › Foo › users › 1: "a b" is no',
      "8: images › elsewhere:5000/app: elsewher",
      "9: images › x › grants: there are users ",
      "9: images › x › grants › @nobody: after ",
      "nothing was changed",
      "",
    ]);
    expect(stderr).not.toContain("apr1$abc");
    expect(dump()).toBe(before);
  });

  test("refuses an image that is bound to two services, and any number of unknown users", async () => {
    const two = await apply('dockwarden: 1\nimages: {"a on registry on x": {users: [admin]}}\n');
    expect(two.code).toBe(1);
    expect(two.text).toContain("is bound to several services; write an entry for each");
    const users = Array.from({ length: 150_000 }, (_, at) => `n${at}`).join(", ");
    const many = await apply(`dockwarden: 1\nimages: {a: {users: [${users}]}}\n`);
    expect(many.code).toBe(1);
    expect(many.text).toContain("and 149950 more such faults");
  });

  test("refuses names that nobody has", async () => {
    const { code, stderr } = await apply(
      "dockwarden: 1\ngroups:\n  ml: [ghost]\nimages:\n  app: {users: [ghost, group:none]}\n",
    );
    expect(code).toBe(1);
    expect(
      stderr
        .trim()
        .replaceAll(/^.*policy\.yml: /gm, "")
        .split("\n"),
    ).toEqual([
      "the group ml has the member ghost, and there is no such account; add it or leave it out",
      "app is granted to ghost, and there is no such account; add it or leave it out",
      "app is granted to group:none, and there is no such group; add it or leave it out",
    ]);
  });

  test("refuses a name that would be dropped in silence", async () => {
    const { code, stderr } = await apply("dockwarden: 1\nimages:\n  app:\n  __proto__: {}\n");
    expect(code).toBe(1);
    expect(stderr).toContain("policy.yml:4: has the key __proto__, which nothing may be called");
  });

  test("an end that has come makes no fault: the grant does not exist", async () => {
    const document =
      "dockwarden: 1\nimages:\n  app: {grants: {admin: {actions: [pull], expires: 2020-01-01}}}\n";
    expect((await apply(document)).code).toBe(0);
    expect((await apply(document)).stdout).toContain("unchanged");
  });
});

describe("export", () => {
  test("what it writes is what the store is, without hashes and with them", async () => {
    await apply(DOCUMENT);
    const before = dump();
    const exported = (await site.run(["export"])).stdout;
    expect(exported).not.toContain("$2b$");
    expect(exported).toContain("  telechat:7b-fp16:\n    users: [developer, group:ml]\n");
    expect((await apply(exported)).stdout).toContain("unchanged");
    const secret = (await site.run(["export", "--with-hashes"])).stdout;
    expect(secret).toContain(BCRYPT);
    expect((await apply(secret)).stdout).toContain("unchanged");
    const json = (await site.run(["export", "--json"])).stdout;
    expect((await apply(json)).stdout).toContain("unchanged");
    expect(dump()).toBe(before);
  });

  test("an empty store can be made of it, with the passwords that people have", async () => {
    await addCliUser(site, "developer", "view,pull");
    await apply(DOCUMENT.replace(/ +passwordHash.*\n/, ""), "--yes");
    const secret = (await site.run(["export", "--with-hashes"])).stdout;
    const other = await openCliSite("policy: { tagEnforcement: gate }\n");
    try {
      const path = join(other.workspace.folder, "policy.yml");
      await writeFile(path, secret);
      await chmod(path, 0o600);
      expect((await other.run(["apply", path, "--yes"])).code).toBe(0);
      expect((await other.run(["export", "--with-hashes"])).stdout).toBe(secret);
    } finally {
      await other.close();
    }
  });

  test("a name that begins with another host is read back as it is", async () => {
    await site.must("image", "register", "other:5000/app", "--internal", "--literal");
    const exported = (await site.run(["export"])).stdout;
    expect(exported).toContain("literal: true");
    expect((await apply(exported)).stdout).toContain("unchanged");
  });

  test("--schema is a JSON schema that names every member", async () => {
    const { stdout } = await site.run(["export", "--schema"]);
    expect(JSON.parse(stdout)).toMatchObject({ title: "Dockwarden policy", type: "object" });
    for (const word of ["passwordFile", "immutable", "expires"]) expect(stdout).toContain(word);
  });
});

describe("without a gate", () => {
  test("a rule with a tag is refused with the three ways on, unless it was there already", async () => {
    const off = await openCliSite();
    try {
      const path = join(off.workspace.folder, "policy.yml");
      await writeFile(path, "dockwarden: 1\nimages:\n  app:v1: {users: [admin]}\n");
      const refusal = await off.run(["apply", path]);
      expect(refusal.code).toBe(1);
      expect(refusal.stderr).toContain("Three ways on: use the whole repository (app)");
      expect((await off.run(["apply", path, "--anyway"])).code).toBe(0);
      expect((await off.run(["apply", path])).stdout).toContain("unchanged");
    } finally {
      await off.close();
    }
  });
});
