// What people without an account may get: never more than pull, and a loud warning where that is everything.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

describe("rights of people without an account", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "reader", "view,pull");
    await site.must("image", "register", "kept", "--users", "reader");
  });

  afterAll(() => site.close());

  test.each([
    ["access grant team/app @anonymous --actions push", 1],
    ["access grant team/app @anonymous --actions pull,push", 1],
    ["access grant team/app @anonymous --actions delete", 1],
    ["access grant ** @anonymous --actions push", 1],
    ["image register team/app --public --actions pull,push", 1],
    ["image register ** --public --actions push", 1],
    ["image update kept --public --actions delete", 1],
    ["image register team/app --users @anonymous", 2],
    ["image register team/app --users reader,@anonymous --actions push", 2],
    ["image update kept --users @anonymous", 2],
  ])("K04: %s is refused and changes nothing", async (line, code) => {
    const before = await site.dump();
    const outcome = await site.run(line.split(" "));
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(/pull|--public/);
    expect(await site.dump()).toBe(before);
  });

  test.each(["pull", "push", "delete"])(
    "K04: with every door open, %s is pull at most",
    async (action) => {
      await site.run(["image", "register", "**", "--public"]);
      await site.must("access", "grant", "opened", "@anonymous");
      for (const name of ["opened", "team/app"]) {
        const outcome = await site.run(["access", "check", "@anonymous", name, "--action", action]);
        expect(outcome.code).toBe(action === "pull" ? 0 : 1);
      }
      await site.must("image", "unregister", "**", "--yes");
    },
  );

  describe.each([
    ["**", "every repository"],
    ["*", "every repository"],
    ["**/*", "every repository"],
  ])("the pattern %s", (pattern, says) => {
    const warning = new RegExp(`WARNING: [^\\n]*${says}`);

    test("K04: given to anybody by image register, it is warned of", async () => {
      const told = await site.must("image", "register", pattern, "--public");
      expect(told).toMatch(warning);
      await site.must("image", "unregister", pattern, "--yes");
    });

    test("K04: given to anybody by image update, it is warned of", async () => {
      await site.must("image", "register", pattern);
      expect(await site.must("image", "update", pattern, "--public")).toMatch(warning);
      await site.must("image", "unregister", pattern, "--yes");
    });

    test("K04: given to anybody by access grant, it is warned of", async () => {
      expect(await site.must("access", "grant", pattern, "@anonymous")).toMatch(warning);
      await site.must("image", "unregister", pattern, "--yes");
    });

    test("K04: scripts find the warning among the effects", async () => {
      const answer = await site.json("access", "grant", pattern, "@anonymous");
      expect(answer).toMatchObject({
        effects: expect.arrayContaining([expect.stringMatching(warning)]),
      });
      await site.must("image", "unregister", pattern, "--yes");
    });
  });

  test("K04: less than everything, or for those who signed in, is no such warning", async () => {
    expect(await site.must("image", "register", "public/**", "--public")).not.toMatch(/WARNING/);
    expect(await site.must("access", "grant", "**", "@authenticated")).not.toMatch(/WARNING/);
    expect(await site.must("access", "grant", "public/base", "@anonymous")).not.toMatch(/WARNING/);
  });
});
