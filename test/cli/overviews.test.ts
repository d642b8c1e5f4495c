// Overviews of rights: the path of a decision, who has what, the review, lists by filter.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

interface Holder {
  readonly name: string;
  readonly actions: readonly string[];
  readonly through: readonly string[];
}

describe("overviews of rights", () => {
  let site: CliSite;
  const words = (line: string): string[] => line.split(" ");
  const json = (line: string) => site.json(...words(line));
  const names = async (line: string, key: string): Promise<string> =>
    ((await json(line)) as Record<string, string>[]).map((entry) => entry[key]).join();

  beforeAll(async () => {
    site = await openCliSite("token: { services: [registry, second] }\n");
    await addCliUser(site, "developer", "view,pull,push");
    await addCliUser(site, "reader", "pull");
    await addCliUser(site, "viewer", "view");
    await addCliUser(site, "leaver", "pull");
    for (const line of [
      "group add ml",
      "group add empty",
      "group add-member ml developer reader",
      "image register team/** --users group:ml",
      "image register team/secret --users developer",
      "image register base --public",
      "image register hall --internal --actions pull",
      "image register only --users viewer --service second",
      "image register closed --users leaver",
      "access revoke closed leaver",
      "access grant team/old leaver --expires 12h",
      "access grant tools group:empty",
      "user disable leaver",
    ]) {
      await site.must(...words(line));
    }
  });

  afterAll(() => site.close());

  describe("access check", () => {
    test("tells groups, images that take part, grants that count, the ceiling, and the way out", async () => {
      const told = (await site.run(words("access check reader team/app --action push"))).stdout;
      expect(told.split("\n")).toEqual([
        "no: reader may not push team/app on registry",
        "  may: pull",
        "  groups: ml",
        "  matches: team/** (exclusive)",
        "  team/** grants pull, push, delete to group:ml",
        "  push, delete granted, but cut: the account's permissions are pull",
        "to change that: dockwarden user update reader --permissions pull,push",
        "",
      ]);
    });

    test("names the exclusive image that shut a grant out, as data too", async () => {
      const answer = await json("access check reader team/secret");
      expect(answer).toMatchObject({
        allowed: false,
        actions: [],
        subject: "reader",
        service: "registry",
        groups: ["ml"],
        matched: [{ repository: "team/**" }, { repository: "team/secret", isExclusive: true }],
        path: [{ code: "shut-out", subject: "group:ml", by: { repository: "team/secret" } }],
        command: "dockwarden access grant team/secret reader --actions pull",
      });
    });

    test("gives the command for a disabled account, which gets nothing whatever the images say", async () => {
      const outcome = await site.run(words("access check leaver base"));
      expect(outcome.code).toBe(1);
      expect(outcome.stdout).toContain("leaver is disabled and gets no token\n");
      expect(outcome.stdout).toContain("to change that: dockwarden user enable leaver\n");
      expect(await json("access check leaver base")).toMatchObject({
        reasons: ["leaver is disabled and gets no token"],
        command: "dockwarden user enable leaver",
      });
    });

    test("says so where no command helps", async () => {
      const outcome = await site.run(words("access check @anonymous base --action push"));
      expect(outcome).toMatchObject({ code: 1 });
      expect(outcome.stdout).toMatch(/nothing changes that.*pull only/);
      expect(await json("access check @anonymous base --action push")).toMatchObject({
        command: null,
      });
    });
  });

  describe("access list", () => {
    test("has a row for each entry in any guise, with what is allowed there and where less is", async () => {
      expect(await json("access list reader")).toEqual([
        row("base", ["pull"], ["@anonymous"]),
        row("hall", ["pull"], ["@authenticated"]),
        { ...row("team/**", ["pull"], ["group:ml"]), except: ["team/secret"] },
      ]);
      expect(await json("access list developer")).toContainEqual({
        ...row("team/**", ["pull", "push"], ["group:ml"]),
        except: [],
      });
    });

    test("cuts to permissions, and leaves out what another service holds", async () => {
      expect(await json("access list viewer")).toContainEqual({
        ...row("only", [], ["viewer"]),
        service: "second",
      });
      expect(await names("access list viewer --service registry", "image")).toBe("base,hall");
    });

    test("says of an admin everything, of a disabled account why not", async () => {
      expect(await json("access list admin")).toEqual([
        row("**", ["pull", "push", "delete"], ["admin"]),
      ]);
      expect(await names("access list @anonymous", "image")).toBe("base");
      const outcome = await site.run(words("access list leaver"));
      expect(outcome).toMatchObject({ code: 1, stdout: "" });
      expect(outcome.stderr).toContain("leaver is disabled");
    });
  });

  describe("access who", () => {
    const who = async (line: string): Promise<readonly Holder[]> =>
      ((await json(line)) as { who: readonly Holder[] }).who;

    test("names everybody who may, and through what", async () => {
      expect(await who("access who team/app --action push")).toEqual([
        { name: "admin", actions: ["pull", "push", "delete"], through: ["admin"] },
        { name: "developer", actions: ["pull", "push"], through: ["group:ml on team/**"] },
      ]);
      expect((await who("access who team/secret")).map(({ name }) => name)).toEqual([
        "admin",
        "developer",
      ]);
    });

    test("names whoever did not sign in, but nobody who gets no token", async () => {
      const pulling = await who("access who base");
      expect(pulling.map(({ name }) => name)).toEqual([
        "@anonymous",
        "admin",
        "developer",
        "reader",
        "viewer",
      ]);
      expect(pulling[0]?.through).toEqual(["@anonymous on base"]);
    });

    test("agrees with access check on every account, image and action", async () => {
      for (const image of ["base", "hall", "team/app", "team/secret", "only", "nothing"]) {
        for (const action of ["pull", "push"]) {
          const line = `${image} --action ${action} --service second`;
          const may = (await who(`access who ${line}`)).map(({ name }) => name);
          for (const name of ["@anonymous", "admin", "developer", "reader", "viewer", "leaver"]) {
            const { code } = await site.run(words(`access check ${name} ${line}`));
            expect({ line, name, may: code === 0 }).toEqual({
              line,
              name,
              may: may.includes(name),
            });
          }
        }
      }
    });

    test("refuses a pattern, an unknown action and an unknown service", async () => {
      for (const line of ["team/**", "base --action fly", "base --service nosuch"]) {
        expect(await site.run(words(`access who ${line}`))).toMatchObject({ code: 2, stdout: "" });
      }
    });
  });

  describe("access review", () => {
    test("has accounts, groups, admins and what everybody has", async () => {
      const review = (await json("access review")) as Record<string, unknown>;
      expect(review).toMatchObject({
        admins: ["admin"],
        anonymous: [{ image: "base", actions: ["pull"] }],
        authenticated: [{ image: "hall", actions: ["pull"] }],
      });
      expect(review["groups"]).toContainEqual(
        expect.objectContaining({ name: "ml", members: ["developer", "reader"] }),
      );
      expect(review["accounts"]).toContainEqual(
        expect.objectContaining({ name: "leaver", state: "disabled" }),
      );
    });

    test("says what needs a look", async () => {
      const { findings } = (await json("access review")) as {
        findings: readonly { code: string; names: readonly string[] }[];
      };
      const found = Object.fromEntries(findings.map(({ code, names: named }) => [code, named]));
      expect(found).toMatchObject({
        "single-admin": ["admin"],
        "inactive-with-rights": ["leaver"],
        "open-to-anybody": ["base"],
        "grant-without-permission": ["viewer on only on second"],
        "group-without-members": ["empty"],
        "image-without-grants": ["closed"],
      });
      expect(found["ends-soon"]?.[0]).toMatch(/^leaver on team\/old \(/);
      const page = await site.must("access", "review");
      expect(page).toContain("to look at\n");
      expect(page).toMatch(/group:ml +developer, reader +team\/\*\*/);
    });

    test("shows a part, says how much there is and how to go on", async () => {
      const outcome = await site.run(words("access review --limit 2 --offset 1"));
      expect(outcome.stdout).toMatch(/^review of .*: 5 accounts, 2 groups, \d+ images\n/);
      expect(outcome.stdout).toMatch(/^developer /m);
      expect(outcome.stdout).not.toMatch(/^(?:admin|reader|viewer|group:empty) /m);
      expect(outcome.stderr).toBe("2 of 5 accounts, 1 of 2 groups; go on with --offset 3\n");
      const last = await site.run(words("access review --limit 2 --offset 4 --json"));
      expect(last.stderr).toBe("1 of 5 accounts, 0 of 2 groups\n");
      expect(JSON.parse(last.stdout)).toMatchObject({
        counts: { accounts: 5, groups: 2 },
        admins: ["admin"],
        groups: [],
        accounts: [{ name: "viewer" }],
      });
    });

    test("of one account or one group has who belongs together, and no findings of others", async () => {
      const part = async (line: string) => {
        const review = (await json(line)) as Record<"accounts" | "groups", { name: string }[]>;
        const named = (key: "accounts" | "groups") => review[key].map(({ name }) => name);
        return [named("accounts"), named("groups"), "findings" in review];
      };
      expect(await part("access review --account reader")).toEqual([["reader"], ["ml"], false]);
      const members = ["developer", "reader"];
      expect(await part("access review --group ML")).toEqual([members, ["ml"], false]);
    });

    test.each([
      ["--account nosuch", 1, "there is no account nosuch"],
      ["--group nosuch", 1, "there is no group nosuch"],
      ["--limit 0", 2, '--limit got "0"; it takes a whole number from 1 on'],
    ])("%s ends with %d and says why", async (options, code, message) => {
      const outcome = await site.run(["access", "review", ...options.split(" ")]);
      expect([outcome.code, outcome.stdout]).toEqual([code, ""]);
      expect(outcome.stderr).toContain(message);
    });
  });

  describe("user list and show", () => {
    test("by group, permission, state and end", async () => {
      await site.must("user", "update", "viewer", "--expires", "20d");
      expect(await names("user list --group ml", "name")).toBe("developer,reader");
      expect(await names("user list --permission push", "name")).toBe("admin,developer");
      expect(await names("user list --disabled", "name")).toBe("leaver");
      expect(await names("user list --ends-within 30d", "name")).toBe("viewer");
      expect(await names("user list --ends-within 12h", "name")).toBe("");
    });

    test("groups, grants by group, and what ends soon", async () => {
      expect(await json("user show reader")).toMatchObject({
        groups: ["ml"],
        grants: [{ image: "team/**", by: "group:ml", expires: null }],
        endsSoon: [],
      });
      expect(await site.must("user", "show", "leaver")).toMatch(
        /ends soon +team\/old \(leaver\): \d{4}-/,
      );
    });

    test.each([
      ["user list --group nosuch", 1],
      ["user list --permission fly", 2],
      ["user list --ends-within never", 2],
      ["user list --ends-within soon", 2],
    ])("%s is refused", async (line, code) => {
      expect(await site.run(words(line))).toMatchObject({ code, stdout: "" });
    });
  });

  describe("image list", () => {
    test.each([
      ["--for reader", "team/**"],
      ["--for group:ml", "team/**"],
      ["--for @authenticated", "hall"],
      ["--public", "base"],
      ["--exclusive --prefix team/", "team/**,team/secret"],
      ["--pattern team/app", "team/**"],
      ["--pattern team/* --exclusive", "team/**,team/secret"],
      ["--prefix only --service registry", ""],
      ["--sort registered --limit 1", "tools"],
      ["--limit 2 --offset 1", "closed,hall"],
    ])("%s has %s", async (options, expected) => {
      expect(await names(`image list ${options}`, "image")).toBe(expected);
    });

    test("says beside a page how to go on", async () => {
      const outcome = await site.run(words("image list --limit 2"));
      expect(outcome.stderr).toBe("2 of 8 entries; go on with --offset 2\n");
      expect((await site.run(words("image list --limit 8"))).stderr).toBe("");
    });

    test.each([
      ["--for nosuch", 1],
      ["--for group:nosuch", 1],
      ["--for reader --public", 2],
      ["--sort colour", 2],
      ["--limit 0", 2],
      ["--limit many", 2],
      ["--offset -1", 2],
      ["--service nosuch", 2],
      ["--pattern a**b", 2],
    ])("%s is refused", async (options, code) => {
      const outcome = await site.run(words(`image list ${options}`));
      expect(outcome).toMatchObject({ code, stdout: "" });
      expect(outcome.stderr).not.toBe("");
    });
  });
});

const row = (image: string, actions: readonly string[], through: readonly string[]) => ({
  image,
  service: null,
  actions,
  through,
  expires: null,
  except: [],
});
