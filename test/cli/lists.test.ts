// What commands list and show: tables for people, JSON for scripts, aliases, nothing that steers a terminal.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

const ESCAPE = "\u001b[31mred\u009b0m\u202e";

/** The parts of ESCAPE that a terminal would obey. */
function findControls(text: string): readonly string[] {
  return ["\u001b", "\u009b", "\u202e"].filter((control) => text.includes(control));
}

describe("lists", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "viewer", "view");
    await addCliUser(site, "puller", "pull");
    await site.must("group", "add", "ml");
    await site.must("group", "add-member", "ml", "viewer", "puller");
    await site.must("image", "register", "ml/**", "--users", "group:ml", "--actions", "pull");
    await site.must("image", "register", "odd", "--public");
    // No command takes such a description; a store could hold it all the same.
    const database = new Database(join(site.workspace.folder, "data", "dockwarden.db"));
    database.prepare("UPDATE image SET description = ?").run(ESCAPE);
    database.close();
    await site.must("image", "register", "hidden", "--users", "admin");
  });

  afterAll(() => site.close());

  test.each([
    ["user list", "viewer"],
    ["user ls", "viewer"],
    ["user show viewer", "ml"],
    ["user get viewer", "view"],
    ["user inspect viewer", "view"],
    ["group list", "ml"],
    ["group show ml", "puller"],
    ["image list", "ml/**"],
    ["image ls", "odd"],
    ["image show odd", "@anonymous"],
    ["image list-accessible viewer", "ml/**"],
    ["key list", "ES256"],
  ])("%s shows %s, and valid JSON where that is asked for", async (line, shown) => {
    expect(await site.must(...line.split(" "))).toContain(shown);
    expect(JSON.stringify(await site.json(...line.split(" ")))).toContain(shown);
  });

  test("L09: control characters of stored text are shown, not sent", async () => {
    for (const line of [
      ["image", "show", "odd"],
      ["image", "list"],
    ]) {
      const { stdout } = await site.run(line);
      expect(findControls(stdout)).toEqual([]);
      const json = await site.run([...line, "--json"]);
      expect(findControls(json.stdout)).toEqual([]);
    }
    expect(await site.json("image", "show", "odd")).toMatchObject({ description: ESCAPE });
  });

  test("who may look around sees what names them, and nothing else", async () => {
    const { stdout } = await site.run(["image", "list-accessible", "viewer"]);
    expect(stdout).toContain("odd");
    expect(stdout).not.toContain("hidden");
    expect((await site.run(["image", "list-accessible", "admin"])).stdout).toContain("hidden");
  });

  test("without view nothing is shown, although pulls work", async () => {
    expect(await site.json("image", "list-accessible", "puller")).toEqual([]);
    expect((await site.run(["access", "check", "puller", "ml/a"])).code).toBe(0);
  });

  test("removing does not ask in a script, and says what went", async () => {
    await addCliUser(site, "leaver", "pull");
    await site.must("access", "grant", "left", "leaver");
    expect(await site.must("user", "rm", "leaver")).toContain("leaver");
    expect((await site.run(["user", "show", "leaver"])).code).toBe(1);
    await site.must("group", "add", "gone");
    await site.must("group", "delete", "gone");
    await site.must("image", "remove", "left");
    expect((await site.run(["image", "show", "left"])).code).toBe(1);
  });

  test("the last admin can't be removed, disabled or lowered", async () => {
    const before = await site.dump();
    for (const line of [
      "user remove admin --yes",
      "user disable admin",
      "user update admin --permissions pull",
      "user update admin --expires 30d",
    ]) {
      const outcome = await site.run(line.split(" "));
      expect(outcome).toMatchObject({ code: 1 });
      expect(outcome.stderr).toMatch(/admin/);
    }
    expect(await site.dump()).toBe(before);
  });

  test("a renamed account keeps its grants, and the name is free for one without them", async () => {
    await addCliUser(site, "first", "pull");
    await site.must("image", "register", "mine", "--users", "first");
    await site.must("user", "rename", "first", "second");
    await addCliUser(site, "first", "pull");
    expect((await site.run(["access", "check", "second", "mine"])).code).toBe(0);
    expect((await site.run(["access", "check", "first", "mine"])).code).toBe(1);
  });
});
