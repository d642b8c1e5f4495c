// Wrong words on the command line: one clear message, the right exit code, nothing changed.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

describe("wrong words", () => {
  let site: CliSite;

  async function expectRefused(args: readonly string[], code: number, says: RegExp): Promise<void> {
    const before = await site.dump();
    const outcome = await site.run(args);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(says);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
    expect(await site.dump()).toBe(before);
  }

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "alice", "view,pull");
    await site.must("group", "add", "ml");
    await site.must("image", "register", "team/app", "--users", "alice");
  });

  afterAll(() => site.close());

  test.each([
    ["user add alice --generate", /alice/],
    ["user remove nosuch", /nosuch/],
    ["user show nosuch", /nosuch/],
    ["user disable nosuch", /nosuch/],
    ["user update nosuch --permissions pull", /nosuch/],
    ["user rename nosuch other", /nosuch/],
    ["user rename alice admin", /admin/],
    ["user add other --groups nosuch --generate", /nosuch/],
    ["group add ml", /ml/],
    ["group show nosuch", /nosuch/],
    ["group remove nosuch", /nosuch/],
    ["group add-member ml nosuch", /nosuch/],
    ["group add-member nosuch alice", /nosuch/],
    ["image show nosuch", /nosuch/],
    ["image unregister nosuch", /nosuch/],
    ["image update nosuch --public", /nosuch/],
    ["image register other --users nosuch", /nosuch/],
    ["image register other --users group:nosuch", /nosuch/],
    ["access grant team/app nosuch", /nosuch/],
    ["access grant team/app group:nosuch", /nosuch/],
    ["access revoke nosuch alice", /nosuch/],
    ["image register te*m/app --users alice", /exclusive/],
  ])("L01: %s is refused", async (line, says) => {
    await expectRefused(line.split(" "), 1, says);
  });

  test.each([
    ["", "an empty name"],
    ["a:b", "a colon"],
    ["a b", "a blank"],
    ["../x", "a path"],
    ["-rf", "an option"],
    ["a".repeat(300), "300 characters"],
    ["🙂", "an emoji"],
    ["a\nb", "a line break"],
    ["@authenticated", "a built-in subject"],
    ["group:ml", "a group"],
    ["é", "a letter outside ASCII"],
  ])("L02: %j is no name (%s)", async (name) => {
    await expectRefused(["user", "add", name, "--generate"], 2, /\S/);
    await expectRefused(["group", "add", name], 2, /\S/);
  });

  test.each([
    ["user add other --permissions fly --generate", /fly|view, pull/],
    ["user add other --expires tomorrow --generate", /30d/],
    ["user add other --expires 2027-02-30 --generate", /2027-02-30|30d/],
    ["user add other --expires 2001-01-01 --generate", /past/],
    ["access grant team/app alice --actions fly", /fly|pull, push/],
    ["access grant team/app alice --actions view", /view|pull, push/],
    ["access grant team/app alice --service nosuch", /nosuch/],
    ["access grant team//app alice", /team/],
    ["access grant Team/App alice", /team\/app/],
    ["access grant team/app a$b", /subject|name/],
    ["access check nosuch team/app", /nosuch/],
    ["access check group:nosuch team/app", /account/],
    ["access check alice team/app --action fly", /fly|pull, push/],
    ["image register team/** --users", /argument/],
    ["image register a**b", /\*\*/],
    ["image register other@sha256:0123 --public", /digest|@/],
    ["image register other --public --internal", /--public|--internal/],
    ["image register other --users @anonymous", /--public|accounts/],
    ["image register other --size many", /size|number/],
    ["image update team/app", /nothing|--/],
    ["user update alice", /nothing|--/],
    ["user frobnicate", /frobnicate/],
    ["frobnicate", /frobnicate/],
    ["user list --frobnicate", /frobnicate/],
  ])("L02: %s is wrong usage", async (line, says) => {
    await expectRefused(line.split(" "), 2, says);
  });

  test.each([
    ["access grant alice team/app", "access grant team/app alice"],
    ["access grant alice telechat", "access grant telechat alice"],
    ["access revoke alice telechat", "access revoke telechat alice"],
    ["access grant group:ml telechat", "access grant telechat group:ml"],
    ["access grant @anonymous telechat", "access grant telechat @anonymous"],
    ["access grant alice Telechat", "access grant Telechat alice"],
  ])("the image comes first: %s", async (line, right) => {
    await expectRefused(line.split(" "), 2, new RegExp(`image comes first: dockwarden ${right}`));
  });

  test.each(["group add one two", "image show team/app other/app", "image show a b c"])(
    "%s has a word too many, and nobody speaks of passwords",
    async (line) => {
      await expectRefused(line.split(" "), 2, /^error: too many arguments/);
      expect((await site.run(line.split(" "))).text).not.toMatch(/password|one word/);
    },
  );

  test("a name is never corrected to itself", async () => {
    await expectRefused(["image", "register", "a/b:c/d", "--public"], 2, /"a\/b:c\/d"/);
    const { stderr } = await site.run(["image", "register", "a/b:c/d", "--public"]);
    expect(stderr).not.toMatch(/did you mean/);
  });

  test("capitals are folded, so that Alice is alice", async () => {
    await expectRefused(["user", "add", "Alice", "--generate"], 1, /alice/);
    expect(await site.must("user", "show", "ALICE")).toContain("alice");
  });

  test("a noun without a verb shows its verbs and is wrong usage", async () => {
    const outcome = await site.run(["user"]);
    expect(outcome.code).toBe(2);
    expect(outcome.text).toContain("passwd");
  });

  test.each(["--help", "user --help", "image register --help", "--version"])(
    "%s is an answer",
    async (line) => {
      const outcome = await site.run(line.split(" "));
      expect(outcome).toMatchObject({ code: 0, stderr: "" });
      expect(outcome.stdout).not.toBe("");
    },
  );

  test.each([
    ["access grant team 7b-fp16 alice", "team:7b-fp16 alice"],
    ["access revoke team 7b-fp16 alice", "team:7b-fp16 alice"],
    ["access check alice team 7b-fp16", "alice team:7b-fp16"],
    ["access grant alice team/app", "team/app alice"],
    ["access check team/app alice", "alice team/app"],
    ["access grant group:ml team/app", "team/app group:ml"],
    ["image register team 7b-fp16 --users alice", "dockwarden image register team:7b-fp16"],
    ["image update team 7b-fp16 --public", "dockwarden image update team:7b-fp16"],
    ["image show team 7b-fp16", "dockwarden image show team:7b-fp16"],
    ["image unregister team 7b-fp16", "dockwarden image unregister team:7b-fp16"],
    [
      "image register http://localhost:5000/foo5",
      "leave out http:// and write localhost:5000/foo5",
    ],
    ["access grant https://hub.example/app alice", "leave out https:// and write hub.example/app"],
  ])("the old form %s gets a hint that names the right one", async (line, hint) => {
    await expectRefused(line.split(" "), 2, new RegExp(hint.replaceAll(/[/]/g, "\\/")));
  });
});
