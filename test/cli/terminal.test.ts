// What a store may hold and a terminal must not obey: escapes are shown as text, and JSON stays JSON.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { join } from "node:path";
import { Database } from "../../src/storage/sqlite/engine.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";

/** Clears the screen, sets the title, colours, turns the direction of writing. */
const HOSTILE_NAME = "x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\u2028\ry";
/** The same, and forges a line. */
const HOSTILE = `${HOSTILE_NAME}\nforged admin\tz`;
const STEERS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

describe("hostile text in the store", () => {
  let site: CliSite;

  /** Everything but our own line ends. */
  const withoutLineEnds = (text: string): string => text.replaceAll("\n", "");

  beforeAll(async () => {
    site = await openCliSite();
    await site.must("user", "add", "alice", "--generate");
    await site.must("group", "add", "ml");
    await site.must("group", "add-member", "ml", "alice");
    await site.must("image", "register", "team/app", "--users", "alice,group:ml");
    await site.must("robot", "add", "ci", "--owner", "alice");
    for (const account of ["admin", "admin", "alice"]) await site.must("token", "create", account);
    // No command takes such names, addresses and descriptions; a store could hold them all the same.
    const database = new Database(join(site.workspace.folder, "data", "dockwarden.db"));
    database.prepare("UPDATE image SET description = ?").run(HOSTILE);
    database.prepare("UPDATE credential SET description = ?").run(HOSTILE);
    database.prepare("UPDATE account SET email = ? WHERE name = 'alice'").run(HOSTILE);
    database.prepare("UPDATE account SET name = ? WHERE name = 'alice'").run(HOSTILE_NAME);
    database.prepare("UPDATE account_group SET name = ? WHERE name = 'ml'").run(HOSTILE_NAME);
    database
      .prepare("UPDATE credential SET used_at = 1, used_address = '192.0.2.1', used_program = ?")
      .run(HOSTILE);
    database.close();
  });

  afterAll(() => site.close());

  test.each([
    "user list",
    "user show admin",
    "group list",
    "image list",
    "image show team/app",
    "access grant team/app admin",
    "access check admin team/app",
    "access list admin",
    "access who team/app",
    "access review",
    "token list",
    "token confirm --all",
    "token create admin",
    "robot list",
    "robot show ci",
    "robot rotate ci --yes",
    "robot update ci --no-owner",
    "audit list",
    "image update team/app --users admin",
    "image register team/*",
    "key list",
    "config print",
  ])("L09: %s steers no terminal, and its JSON is whole", async (line) => {
    const args = line.split(" ");
    const outcome = await site.run(args);
    expect(outcome.code).toBe(0);
    expect(withoutLineEnds(outcome.text)).not.toMatch(STEERS);
    expect(outcome.text).not.toMatch(/^forged/m);
    const asJson = await site.run([...args, "--json"]);
    expect(withoutLineEnds(asJson.stdout)).not.toMatch(STEERS);
    expect(() => JSON.parse(asJson.stdout) as unknown).not.toThrow();
  });

  test("L09: what is said of a revoked token forges no line", async () => {
    const listed = (await site.json("token", "list", "admin")) as { id: number }[];
    const { code, text } = await site.run(["token", "revoke", String(listed[0]?.id)]);
    expect(code).toBe(0);
    expect(withoutLineEnds(text)).not.toMatch(STEERS);
    expect(text).not.toMatch(/^forged/m);
  });

  test("L09: completion offers no name that a shell would obey", async () => {
    const { code, stdout } = await site.run(["complete-words", "access", "check", ""]);
    expect({ code, steers: STEERS.test(withoutLineEnds(stdout).replaceAll("\t", "")) }).toEqual({
      code: 0,
      steers: false,
    });
    expect(stdout).not.toContain("forged");
  });

  test("L09: a line end in a value is shown as an escape, not obeyed", async () => {
    for (const args of [
      ["user", "list"],
      ["image", "show", "team/app"],
    ]) {
      const told = await site.must(...args);
      expect(told).toContain("\\u000aforged admin\\u0009z");
    }
  });

  test("L09: JSON gives the stored text back, character by character", async () => {
    expect(await site.json("image", "show", "team/app")).toMatchObject({ description: HOSTILE });
    expect(await site.json("user", "list")).toContainEqual(
      expect.objectContaining({ name: HOSTILE_NAME, email: HOSTILE }),
    );
  });

  test.each([
    "user show X",
    "group show X",
    "image show X",
    "access check X team/app",
    "access grant team/app X",
    "access list X",
    "access who X",
    "access test X",
    "image list --for X",
    "user list --group X",
    "token create X",
    "token create admin --image X",
    "token create admin --expires X",
    "token revoke X",
    "token revoke --account X",
    "robot add X",
    "robot add other --owner X",
    "robot add other --output X",
    "robot add other --registry X",
    "robot rotate X",
    "user X",
    "X",
    "user list --X",
    "user list --config X",
    "image list X",
    "user add other --permissions X",
    "user add other --generate --expires X",
    "user add other --generate --groups X",
    "access check admin team/app --action X",
    "access check admin team/app --service X",
  ])("L09: a refusal that quotes it (%s) steers no terminal either", async (line) => {
    const args = line.split(" ").map((word) => word.replace("X", HOSTILE_NAME));
    const outcome = await site.run(args);
    expect([1, 2, 78]).toContain(outcome.code);
    expect(withoutLineEnds(outcome.text)).not.toMatch(STEERS);
  });
});
