// The rules as people set them by command line: what is printed after each change, and what `access check` answers.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

interface CheckAnswer {
  readonly allowed: boolean;
  readonly actions: readonly string[];
  readonly reasons: readonly string[];
}

describe("rules by command line", () => {
  let site: CliSite;

  async function check(...words: string[]): Promise<CheckAnswer> {
    const outcome = await site.run(["access", "check", ...words, "--json"]);
    const answer = JSON.parse(outcome.stdout) as CheckAnswer;
    expect(outcome.code).toBe(answer.allowed ? 0 : 1);
    return answer;
  }

  async function rights(subject: string, image: string): Promise<string> {
    return (await check(subject, image)).actions.join();
  }

  beforeAll(async () => {
    site = await openCliSite("token: { services: [registry, second] }\n");
    await addCliUser(site, "developer", "view,pull,push");
    await addCliUser(site, "reader", "view,pull");
    await addCliUser(site, "viewer", "view");
  });

  afterAll(() => site.close());

  test("an image with users is theirs alone, and admins'", async () => {
    const told = await site.must("image", "register", "telechat", "--users", "developer,admin");
    expect(told).toMatch(/developer/);
    expect(await rights("developer", "telechat")).toBe("pull,push");
    expect(await rights("admin", "telechat")).toBe("pull,push,delete");
    expect(await rights("reader", "telechat")).toBe("");
    expect(await rights("@anonymous", "telechat")).toBe("");
  });

  test("the same registration is unchanged, another one names image update", async () => {
    const same = await site.must("image", "register", "telechat", "--users", "admin,developer");
    expect(same).toMatch(/unchanged/);
    const other = await site.run(["image", "register", "telechat", "--users", "reader"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("image update");
    expect(await rights("reader", "telechat")).toBe("");
  });

  test("a grant says what the subject may do now, and why not more", async () => {
    const told = await site.must("access", "grant", "telechat", "reader");
    expect(told).toMatch(/reader may now[^\n]*pull/);
    expect(told).toMatch(/push/);
    expect(told).toMatch(/view, pull/);
    expect(await rights("reader", "telechat")).toBe("pull");
  });

  test("names typed in capitals are echoed as they are stored", async () => {
    await addCliUser(site, "clara", "view,pull");
    const told = async (line: string): Promise<string> => site.must(...line.split(" "));
    expect(await told("user rename CLARA Clara2")).toBe(
      "clara is clara2 now; grants and groups stay\n",
    );
    expect(await told("user disable Clara2")).toMatch(/^clara2 is disabled: /);
    expect(await told("user enable Clara2")).toMatch(/^clara2 is enabled\n/);
    await told("group add Crew");
    expect(await told("group add-member Crew Clara2")).toMatch(/^clara2 joined crew\n/);
    expect(await site.json("group", "show", "CREW")).toEqual({ name: "crew", members: ["clara2"] });
    expect(await told("access grant crew/app group:Crew")).toMatch(/ for group:crew: /);
    expect(await told("access check Clara2 crew/app")).toMatch(/^yes: clara2 may pull crew\/app /);
    expect(await told("group remove-member Crew Clara2")).toMatch(/^clara2 left crew\n/);
  });

  test("granting again replaces the grant and shows old and new", async () => {
    const told = await site.must("access", "grant", "telechat", "reader", "--actions", "pull");
    expect(told).toMatch(/before[^\n]*pull, push, delete/);
  });

  test("taking push leaves pull, and taking delete leaves both", async () => {
    await site.must("user", "update", "developer", "--permissions", "view,pull,push,delete");
    await site.must("access", "grant", "partly", "developer");
    await site.must("access", "revoke", "partly", "developer", "--actions", "delete");
    expect(await rights("developer", "partly")).toBe("pull,push");
    await site.must("access", "revoke", "partly", "developer", "--actions", "push");
    expect(await rights("developer", "partly")).toBe("pull");
    await site.must("user", "update", "developer", "--permissions", "view,pull,push");
  });

  test("push brings pull, and taking pull takes push", async () => {
    await site.must("access", "grant", "pushed", "developer", "--actions", "push");
    expect(await rights("developer", "pushed")).toBe("pull,push");
    await site.must("access", "revoke", "pushed", "developer", "--actions", "pull");
    expect(await rights("developer", "pushed")).toBe("");
  });

  test("a grant on an image without an entry says that it makes one", async () => {
    const told = await site.must("access", "grant", "fresh", "reader");
    expect(told).toContain("new entry");
    expect(await site.must("access", "grant", "fresh", "developer")).not.toContain("new entry");
  });

  test("a revoked grant that a group still gives is said to be so", async () => {
    await site.must("group", "add", "listeners");
    await site.must("group", "add-member", "listeners", "reader");
    await site.must("access", "grant", "telechat", "group:listeners", "--actions", "pull");
    const told = await site.must("access", "revoke", "telechat", "reader");
    expect(told).toMatch(/reader may[^\n]*pull/);
    expect(told).toContain("group:listeners");
    expect(await rights("reader", "telechat")).toBe("pull");
    await site.must("group", "remove-member", "listeners", "reader");
    expect(await rights("reader", "telechat")).toBe("");
  });

  test("a revocation of what was never granted is refused", async () => {
    const outcome = await site.run(["access", "revoke", "telechat", "viewer"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/no grant/);
  });

  test("an exclusive image without its last grant is closed to all but admins", async () => {
    await site.must("image", "register", "closing", "--users", "developer");
    const told = await site.must("access", "revoke", "closing", "developer");
    expect(told).toMatch(/closed to all but admins/);
    expect(await rights("developer", "closing")).toBe("");
    expect(await rights("admin", "closing")).toBe("pull,push,delete");
  });

  test("a public image is pulled by everybody and pushed by nobody without a grant", async () => {
    await site.must("image", "register", "base", "--public");
    expect(await rights("@anonymous", "base")).toBe("pull");
    expect(await rights("developer", "base")).toBe("pull");
    expect(await rights("viewer", "base")).toBe("pull");
    await site.must("access", "grant", "base", "developer");
    expect(await rights("developer", "base")).toBe("pull,push");
  });

  test("nobody without an account may push", async () => {
    const outcome = await site.run(["access", "grant", "x", "@anonymous", "--actions", "push"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/@anonymous/);
    await site.must("access", "grant", "opened", "@anonymous");
    expect(await rights("@anonymous", "opened")).toBe("pull");
  });

  test("an image without users is for every signed-in account, and says how to narrow it", async () => {
    const told = await site.must("image", "register", "shared");
    expect(told).toContain("--internal --actions pull");
    expect(await rights("developer", "shared")).toBe("pull,push");
    expect(await rights("reader", "shared")).toBe("pull");
    expect(await rights("viewer", "shared")).toBe("");
    await site.must("image", "update", "shared", "--internal", "--actions", "pull");
    expect(await rights("developer", "shared")).toBe("pull");
  });

  test("an exclusive image inside a group's tree shuts the group out, and says so", async () => {
    await site.must("group", "add", "ml");
    await site.must("group", "add-member", "ml", "developer");
    await site.must("access", "grant", "ml/**", "group:ml", "--actions", "pull,push");
    const told = await site.must("image", "register", "ml/secret", "--users", "reader");
    expect(told).toContain("ml/**");
    expect(told).toContain("group:ml");
    expect(await rights("developer", "ml/secret")).toBe("");
    expect(await rights("developer", "ml/base")).toBe("pull,push");
    const freed = await site.must("image", "unregister", "ml/secret");
    expect(freed).toContain("ml/**");
    expect(await rights("developer", "ml/secret")).toBe("pull,push");
  });

  test("a grant that does not reach an exclusive image says so", async () => {
    await site.must("image", "register", "walled/in", "--users", "reader");
    const told = await site.must("access", "grant", "walled/**", "developer");
    expect(told).toMatch(/walled\/in is exclusive/);
    expect(await rights("developer", "walled/in")).toBe("");
  });

  test("the registry's own address is cut off, another one refused", async () => {
    const told = await site.must("image", "register", "localhost:5000/prefixed", "--public");
    expect(told).toContain("localhost:5000");
    expect(await rights("@anonymous", "prefixed")).toBe("pull");
    const refused = await site.run(["image", "register", "elsewhere.example:5000/x", "--public"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("--literal");
    await site.must("image", "register", "elsewhere.example:5000/x", "--public", "--literal");
  });

  test("a tag without a gate is refused with the ways on, and --anyway fails safe", async () => {
    await site.must("access", "grant", "tagged", "reader");
    const words = ["image", "register", "tagged:7b-fp16", "--users", "developer"];
    const refused = await site.run(words);
    expect(refused.code).toBe(1);
    for (const way of [/gate/, /--anyway/, /image register tagged\b|whole repository/]) {
      expect(refused.stderr).toMatch(way);
    }
    expect((await site.run(["access", "grant", "tagged:v1", "reader"])).code).toBe(1);
    await site.must(...words, "--anyway");
    expect(await rights("developer", "tagged:7b-fp16")).toBe("");
    const { actions, reasons } = await check("reader", "tagged");
    expect(actions).toEqual([]);
    expect(reasons.join("\n")).toContain("tagged:7b-fp16");
  });

  test("the same name in two services follows each one's rule", async () => {
    await site.must("image", "register", "twin", "--users", "developer", "--service", "registry");
    await site.must("image", "register", "twin", "--users", "reader", "--service", "second");
    expect(await rights("developer", "twin")).toBe("pull,push");
    expect((await check("developer", "twin", "--service", "second")).allowed).toBe(false);
    expect((await check("reader", "twin", "--service", "second")).allowed).toBe(true);
  });

  test("the command that changes a no is bound to a service only where an entry behind the no is", async () => {
    await site.must("image", "register", "one/**", "--users", "developer", "--service", "second");
    const suggested = async (...words: string[]): Promise<string> => {
      const { stdout } = await site.run(["access", "check", "reader", ...words]);
      return /to change that: dockwarden (.*)/.exec(stdout)?.[1] ?? stdout;
    };
    expect(await suggested("one/app")).toBe("access grant one/app reader --actions pull");
    const bound = await suggested("one/app", "--service", "second");
    expect(bound).toBe("access grant one/app reader --actions pull --service second");
    await site.must("image", "register", "first", "--users", "developer", "--service", "registry");
    const found = await suggested("first");
    expect(found).toBe("access grant first reader --actions pull --service registry");
    await site.must(...found.split(" "));
    expect(await rights("reader", "first")).toBe("pull");
  });

  test("a revocation names the grants that stay in other services", async () => {
    await site.must("access", "grant", "split", "reader", "--service", "second");
    const missing = await site.run(["access", "revoke", "split", "reader"]);
    expect(missing.code).toBe(1);
    const rest = "dockwarden access revoke split reader --service second";
    expect(missing.stderr).toContain(`a grant in service second alone stays: ${rest}`);
    await site.must("access", "grant", "split", "reader");
    expect(await site.must("access", "revoke", "split", "reader")).toContain(rest);
    const last = await site.must("access", "revoke", "split", "reader", "--service", "second");
    expect(last).not.toContain("stays");
  });

  test("a removed entry is followed by those that count there, not by those shut out or of another service", async () => {
    await site.must("image", "register", "zz/**", "--users", "developer");
    await site.must("access", "grant", "z*/*", "reader", "--actions", "pull");
    await site.must("image", "register", "zz/s", "--users", "viewer");
    await site.must("image", "register", "zz/s", "--users", "viewer", "--service", "second");
    const told = await site.must("image", "unregister", "zz/s", "--service", "second");
    expect(told).toContain("other entries hold for zz/s now: zz/s (viewer");
    expect(told).not.toContain("z*/*");
    await site.must("image", "register", "zz/t", "--users", "viewer", "--service", "registry");
    const alone = await site.must("image", "unregister", "zz/s");
    expect(alone).toMatch(/other entries hold for zz\/s now: zz\/\*\* \(developer[^)]*\)\n/);
  });

  test("a grant with an end echoes it in full", async () => {
    const told = await site.must("access", "grant", "ending", "reader", "--expires", "2099-01-31");
    expect(told).toMatch(/2099-0[12]-(?:31T23:59:59|01T00:00:00)Z/);
  });
});

describe("what a change means for others", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "developer", "view,pull,push");
    await addCliUser(site, "reader", "view,pull");
    await site.must("group", "add", "ml");
    await site.must("group", "add-member", "ml", "developer");
    await site.must("access", "grant", "ml/**", "group:ml", "--actions", "pull,push");
  });

  afterAll(() => site.close());

  test("a new exclusive image says who is newly in, still in and no longer in", async () => {
    const told = await site.must("image", "register", "ml/secret", "--users", "reader");
    expect(told).toContain("newly in (pull): reader");
    expect(told).toContain("no longer in (had pull, push): developer");
    const opened = await site.must("image", "update", "ml/secret", "--no-exclusive");
    expect(opened).toContain("newly in (pull, push): developer");
    expect(opened).toContain("still in (pull): reader");
    const freed = await site.must("image", "unregister", "ml/secret");
    expect(freed).toContain("no longer in (had pull): reader");
    expect(freed).toContain("still in (pull, push): developer");
  });

  test("a rule for everybody names the two guises", async () => {
    const told = await site.must("image", "register", "open", "--public");
    expect(told).toMatch(
      /newly in \(pull\): every other signed-in account.*, anybody without an account/,
    );
    const closed = await site.must("access", "revoke", "open", "@anonymous");
    expect(closed).toMatch(/no longer in \(had pull\): every other signed-in account.*, anybody/);
  });

  test("a second registration that differs spells out the update", async () => {
    await site.must("image", "register", "twice", "--users", "reader");
    const words = [
      "image",
      "register",
      "twice",
      "--users",
      "developer,group:ml",
      "--actions",
      "pull",
    ];
    const refused = await site.run(words);
    expect(refused.code).toBe(1);
    const update = /dockwarden (image update [^\n]+)/.exec(refused.stderr)?.[1] ?? "";
    expect(update).toBe("image update twice --users developer,group:ml --actions pull");
    await site.must(...update.split(" "));
    expect(await site.must(...words)).toContain("unchanged");
  });

  test("joining and leaving a group says what it opens and closes", async () => {
    const joined = await site.must("group", "add-member", "ml", "reader");
    expect(joined).toContain("reader on ml/**: nothing → pull");
    const left = await site.must("group", "remove-member", "ml", "reader");
    expect(left).toContain("reader on ml/**: pull → nothing");
  });

  test("other permissions, a disabled and a removed account say what is left", async () => {
    await addCliUser(site, "leaver", "view,pull,push");
    await site.must("image", "register", "last", "--users", "leaver");
    const lowered = await site.must("user", "update", "leaver", "--permissions", "pull");
    expect(lowered).toContain("leaver on last: pull, push → pull");
    const disabled = await site.must("user", "disable", "leaver");
    expect(disabled).toContain("leaver on last: pull → nothing");
    const enabled = await site.must("user", "enable", "leaver");
    expect(enabled).toContain("leaver on last: nothing → pull");
    const removed = await site.must("user", "remove", "leaver");
    expect(removed).toContain("leaver on last: pull → nothing");
    expect(removed).toContain(
      "last is exclusive and has no grants left: it is closed to all but admins",
    );
  });

  test("an entry that is not there is refused before anything is asked", async () => {
    const refused = await site.run(["image", "unregister", "nosuch"]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("no entry nosuch")]);
  });
});

describe("access check", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "reader", "view,pull");
  });

  afterAll(() => site.close());

  async function ask(...words: string[]): Promise<{ code: number; text: string }> {
    return site.run(["access", "check", ...words]);
  }

  test("answers for an image that nobody registered", async () => {
    const answer = await ask("reader", "unheard/of");
    expect(answer.code).toBe(1);
    expect(answer.text).toContain("no image matches");
  });

  test("has the agreed members in JSON", async () => {
    const answer = await site.json("access", "check", "reader", "unheard/of");
    expect(answer).toMatchObject({ allowed: false, actions: [], reasons: [expect.any(String)] });
  });

  test("says of a disabled account that it is disabled, exit 1", async () => {
    await site.must("image", "register", "left", "--public");
    await site.must("user", "disable", "reader");
    const answer = await ask("reader", "left");
    await site.must("user", "enable", "reader");
    expect(answer.code).toBe(1);
    expect(answer.text).toMatch(/disabled/);
    expect((await ask("reader", "left")).code).toBe(0);
  });

  test.each([
    ["no grant", "access", ["image", "register", "a", "--users", "admin"], "a", "pull"],
    ["no entry", "access", [], "b", "pull"],
    ["permissions", "user", ["access", "grant", "c", "reader"], "c", "push"],
    [
      "an exclusive tree",
      "access",
      ["image", "register", "d/**", "--users", "admin"],
      "d/x",
      "pull",
    ],
  ])("names the one command that changes a no (%s), and it does", async (...row) => {
    const [, noun, setup, image, action] = row;
    if (setup.length > 0) await site.must(...setup);
    const no = await ask("reader", image, "--action", action);
    expect(no.code).toBe(1);
    const command = /dockwarden ((?:access|user) [^\n]+)/.exec(no.text)?.[1] ?? "";
    expect(command).toMatch(new RegExp(`^${noun} `));
    await site.must(...command.replaceAll('"', "").trim().split(" "));
    expect((await ask("reader", image, "--action", action)).code).toBe(0);
    await site.must("user", "update", "reader", "--permissions", "view,pull");
  });

  test("the command helps where a tag without a gate takes away, and opens to nobody else", async () => {
    await site.must("image", "register", "tc:7b-fp16", "--users", "admin", "--anyway");
    const { stdout } = await site.run(["access", "check", "reader", "tc"]);
    const commands = /to change that: (.*)/.exec(stdout)?.[1]?.split(" && ") ?? [];
    expect(commands).toEqual([
      "dockwarden access grant tc reader --actions pull",
      "dockwarden access grant tc:7b-fp16 reader --actions pull --anyway",
    ]);
    for (const command of commands) await site.must(...command.split(" ").slice(1));
    expect((await site.run(["access", "check", "reader", "tc"])).code).toBe(0);
    expect((await site.run(["access", "check", "@anonymous", "tc"])).code).toBe(1);
  });

  test("the command keeps what the grant gave already, cut or not", async () => {
    await site.must("access", "grant", "keep", "reader", "--actions", "pull,push");
    const { stdout } = await site.run(["access", "check", "reader", "keep", "--action", "delete"]);
    expect(stdout).toContain(
      "dockwarden user update reader --permissions view,pull,delete && dockwarden access grant keep reader --actions pull,push,delete",
    );
  });

  test("the command keeps the end of the grant that it replaces", async () => {
    await site.must(
      "access",
      "grant",
      "brief",
      "reader",
      "--actions",
      "pull",
      "--expires",
      "2099-01-31",
    );
    const { stdout } = await site.run(["access", "check", "reader", "brief", "--action", "push"]);
    expect(stdout).toContain("--actions pull,push --expires 2099-02-01T00:00:00Z");
  });

  test("asks for one image, not for a pattern", async () => {
    expect((await ask("reader", "team/**")).code).toBe(2);
  });
});
