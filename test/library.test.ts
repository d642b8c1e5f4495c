// The package as other programs see it: the example of docs/library.md is compiled against the built package, and run.
import { existsSync } from "node:fs";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openDockwarden, orThrow, type Dockwarden } from "../src/library.js";
import { openCliSite, type CliSite } from "./support/cli-site.js";
import { readBlocks, readDocument, ROOT } from "./support/documents.js";
import { expectDone } from "./support/outcome.js";
import { run } from "./support/process.js";

const env = { PATH: process.env["PATH"] ?? "", NO_COLOR: "1" };
const SETTINGS = { strict: true, module: "nodenext", target: "es2023", skipLibCheck: false };

describe("import { openDockwarden } from the built package", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    const folder = site.workspace.folder;
    if (!existsSync(join(ROOT, "dist", "library.js"))) {
      expectDone(await run(process.execPath, ["scripts/build.mjs"], { env, cwd: ROOT }));
    }
    await mkdir(join(folder, "node_modules"));
    await symlink(ROOT, join(folder, "node_modules", "dockwarden"));
    await writeFile(join(folder, "package.json"), '{ "type": "module" }');
    const [example] = readBlocks("docs/library.md").filter(({ language }) => language === "ts");
    await writeFile(join(folder, "example.ts"), example?.text ?? "");
    const types = [join(ROOT, "node_modules", "@types")];
    const compilerOptions = { ...SETTINGS, typeRoots: types, types: ["node"] };
    await writeFile(
      join(folder, "tsconfig.json"),
      JSON.stringify({ compilerOptions, files: ["example.ts"] }),
    );
  });

  afterAll(() => site.close());

  test("the example compiles with its types and does what it says", async () => {
    const cwd = site.workspace.folder;
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    expectDone(await run(process.execPath, [tsc, "-p", "."], { env, cwd }));
    const outcome = await run(process.execPath, ["example.js"], { env, cwd });
    const lines = expectDone(outcome).trim().split("\n");
    expect(lines[0]).toMatch(/^give it to its owner, once: \S{12,}$/);
    expect(lines.slice(1)).toEqual([
      expect.stringMatching(/^false .*team\/app/),
      "true",
      "[ 'team/app: pull' ]",
      "dwr_ dwp_ it may now: pull on team/app",
      "[ 'ci: secret', 'developer: token' ]",
      "the name reader is taken; choose another",
      "false",
    ]);
    expect(await site.json("access", "check", "developer", "team/app")).toMatchObject({
      allowed: true,
    });
  });

  test("no other file of the package can be imported", async () => {
    const words = ["--input-type=module", "-e", 'await import("dockwarden/dist/app.js")'];
    const outcome = await run(process.execPath, words, { env, cwd: site.workspace.folder });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });

  test("everything that is exported stands in the guide", () => {
    const page = readDocument("docs/library.md");
    const acts = ["addUser", "registerImage", "grantAccess", "revokeAccess", "checkAccess"];
    const newer = ["createToken", "listTokens", "revokeToken", "addRobot", "rotateRobot"];
    for (const name of [...acts, ...newer, "listAccessibleImages", "openDockwarden", "orThrow"]) {
      expect(page).toContain(`| \`${name}\``);
    }
  });
});

describe("an open Dockwarden", () => {
  let site: CliSite;
  let dockwarden: Dockwarden;

  beforeAll(async () => {
    site = await openCliSite();
    dockwarden = orThrow(await openDockwarden({ configFile: site.configFile, environment: {} }));
    orThrow(await dockwarden.addUser({ name: "reader" }));
    orThrow(await dockwarden.addRobot({ name: "machine" }));
  });

  afterAll(async () => {
    await dockwarden.close();
    await site.close();
  });

  const REFUSED: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ["a name", () => dockwarden.addUser({ name: "-x" }), "a name is"],
    [
      "a permission",
      () => dockwarden.addUser({ name: "x", permissions: ["root" as never] }),
      "permissions are",
    ],
    ["a weak password", () => dockwarden.addUser({ name: "x", password: "short" }), "12"],
    [
      "an unknown group",
      () => dockwarden.addUser({ name: "x", groups: ["no"] }),
      "there is no group no",
    ],
    [
      "an end in the past",
      () => dockwarden.addUser({ name: "x", expiresAt: new Date(0) }),
      "date ahead",
    ],
    [
      "a token of a robot",
      () => dockwarden.createToken({ account: "machine" }),
      "dockwarden robot rotate machine",
    ],
    [
      "a token without images",
      () => dockwarden.createToken({ account: "reader", images: [] }),
      "at least one",
    ],
    [
      "a token for two years",
      () =>
        dockwarden.createToken({
          account: "reader",
          expiresAt: new Date(Date.now() + 2 * 365 * 86_400_000),
        }),
      "365 days at most",
    ],
    [
      "a token with a ceiling on a tag",
      () => dockwarden.createToken({ account: "reader", images: ["a:1"] }),
      "names a tag",
    ],
    ["an id that is none", () => dockwarden.revokeToken("1" as never), "whole number"],
    ["an unknown id", () => dockwarden.revokeToken(999), "there is no credential 999"],
    [
      "a query of nobody",
      () => dockwarden.listTokens({ account: "nosuch" }),
      "there is no account nosuch",
    ],
    [
      "a robot with an unknown owner",
      () => dockwarden.addRobot({ name: "x", owner: "nosuch" }),
      "there is no user nosuch",
    ],
    ["a user that rotates", () => dockwarden.rotateRobot({ name: "reader" }), "is a user"],
    [
      "a slip of the pen",
      () => dockwarden.addRobot({ name: "x", secret: "y" } as never),
      "no property secret",
    ],
    ["no audience", () => dockwarden.registerImage({ image: "a", audience: [] }), "at least one"],
    ["a tag", () => dockwarden.registerImage({ image: "a:1", audience: "public" }), "names a tag"],
    [
      "an image",
      () => dockwarden.registerImage({ image: "A", audience: "public" }),
      "did you mean a?",
    ],
    [
      "an action",
      () => dockwarden.grantAccess({ image: "a", subject: "reader", actions: ["own" as never] }),
      "actions are",
    ],
    [
      "a subject",
      () => dockwarden.grantAccess({ image: "a", subject: "nobody" }),
      "no account nobody",
    ],
    [
      "a pattern",
      () => dockwarden.checkAccess({ image: "**", subject: "reader", action: "pull" }),
      "is a pattern",
    ],
    [
      "a service",
      () => dockwarden.checkAccess({ image: "a", subject: "reader", action: "pull", service: "x" }),
      "no service x",
    ],
    ["no grant", () => dockwarden.revokeAccess({ image: "a", subject: "reader" }), "no entry a"],
    ["an account", () => dockwarden.listAccessibleImages("nobody"), "no account nobody"],
  ];

  test.each(REFUSED)("refuses with words and changes nothing: %s", async (_name, act, words) => {
    const before = await site.dump();
    const result = (await act()) as { ok: boolean; error: { message: string } };
    expect(result.ok).toBe(false);
    expect(result.error.message).toContain(words);
    expect(await site.dump()).toBe(before);
  });

  const MISUSED: readonly (readonly [string, () => Promise<unknown>, string])[] = [
    ["no name", () => call("addUser", {}), "name: must be a text"],
    ["a number for a name", () => call("addUser", { name: 5 }), "name: must be a text"],
    ["nothing", () => call("addUser", undefined), "one object is wanted"],
    [
      "a slip of the pen",
      () => call("addUser", { name: "x", pasword: "y" }),
      "no property pasword",
    ],
    [
      "a number for a password",
      () => call("addUser", { name: "x", password: 5 }),
      "password: must",
    ],
    ["an object for an email", () => call("addUser", { name: "x", email: {} }), "email: must"],
    [
      "an email that steers a terminal",
      () => call("addUser", { name: "x", email: "x\u001b[2J" }),
      "email: one line of printable",
    ],
    [
      "a text for an end",
      () => call("addUser", { name: "x", expiresAt: "30d" }),
      "expiresAt: must",
    ],
    [
      "an end in 275760",
      () => call("addUser", { name: "x", expiresAt: new Date(8.64e15) }),
      "more than 100 years away",
    ],
    ["no audience at all", () => call("registerImage", { image: "b" }), "audience: must be a list"],
    [
      "a name for an audience",
      () => call("registerImage", { image: "b", audience: "reader" }),
      "audience: must be a list",
    ],
    [
      "an image without actions",
      () => call("registerImage", { image: "b", audience: "internal", actions: [] }),
      "at least one",
    ],
    [
      "a number for a description",
      () => call("registerImage", { image: "b", audience: "internal", description: 5 }),
      "description: must be a text",
    ],
    [
      "a description of a megabyte",
      () => call("registerImage", { image: "b", audience: "internal", description: BIG }),
      "description: at most 1000 characters",
    ],
    [
      "a grant of nothing",
      () => call("grantAccess", { image: "a", subject: "reader", actions: [] }),
      "at least one",
    ],
    [
      "a revocation of nothing",
      () => call("revokeAccess", { image: "a", subject: "reader", actions: [] }),
      "at least one",
    ],
    [
      "a description that rings a bell",
      () => call("registerImage", { image: "b", audience: "internal", description: "a\u0007" }),
      "description: one line of printable",
    ],
    [
      "an end of a revocation",
      () => {
        const expiresAt = new Date(Date.now() + 86_400_000);
        return call("revokeAccess", { image: "a", subject: "reader", expiresAt });
      },
      "expiresAt: a revocation counts at once",
    ],
    ["a number for an account", () => call("listAccessibleImages", 5), "an account is a name"],
  ];
  const BIG = "x".repeat(1 << 20);
  /** As from JavaScript, where no compiler looks. */
  const call = (act: Exclude<keyof Dockwarden, "close">, given: unknown): Promise<unknown> =>
    dockwarden[act](given as never);

  test.each(MISUSED)(
    "from JavaScript, answers misuse as a refusal: %s",
    async (_name, act, words) => {
      const before = await site.dump();
      const message: unknown = expect.stringContaining(words);
      expect(await act()).toEqual({ ok: false, error: { kind: "usage", message } });
      expect(await site.dump()).toBe(before);
    },
  );

  test("the command line keeps control codes out of addresses and descriptions, too", async () => {
    for (const words of [
      ["user", "add", "odd", "--generate", "--email", "x\u001b[2J"],
      ["user", "update", "reader", "--email", "x\u001b[2J"],
      ["image", "register", "odd", "--internal", "--description", "a\u0007"],
    ]) {
      expect(await site.run(words)).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("one line of printable characters"),
      });
    }
  });

  test("says that it is busy where more passwords are hashed than it queues", async () => {
    const names = Array.from({ length: 80 }, (_, index) => `many-${index}`);
    const password = "quiet-meadow-lantern-42";
    const added = await Promise.all(names.map((name) => dockwarden.addUser({ name, password })));
    const kinds = new Set(added.map((result) => (result.ok ? "done" : result.error.kind)));
    expect([...kinds].sort()).toEqual(["busy", "done"]);
  });

  test.each(["quiet-meadow\nlantern-42", "quiet-meadow\ud83dlantern-42"])(
    "refuses a password that nobody could type: %j",
    async (password) => {
      expect(await dockwarden.addUser({ name: "odd", password })).toMatchObject({
        ok: false,
        error: { kind: "refused", message: expect.stringMatching(/line end|half a character/) },
      });
    },
  );

  test("takes an empty address for none", async () => {
    const { account } = orThrow(await dockwarden.addUser({ name: "plain", email: "" }));
    expect(account.email).toBeNull();
  });

  test("ends what is under way before it closes, and refuses what comes meanwhile", async () => {
    const other = orThrow(await openDockwarden({ configFile: site.configFile, environment: {} }));
    const begun = other.addUser({ name: "early" });
    const closed = other.close();
    const late = other.addUser({ name: "late" });
    await expect(late).rejects.toThrow("this Dockwarden is closed; open another one");
    expect(orThrow(await begun)).toMatchObject({ account: { name: "early" } });
    await closed;
    await expect(other.listAccessibleImages("early")).rejects.toThrow("is closed");
    expect(await site.json("user", "show", "early")).toMatchObject({ name: "early" });
  });

  test("is closed once, and says so to whoever goes on", async () => {
    const other = orThrow(await openDockwarden({ configFile: site.configFile, environment: {} }));
    await Promise.all([other.close(), other.close()]);
    await other.close();
    await expect(other.addUser({ name: "late" })).rejects.toThrow("is closed");
  });

  test("answers a fault for options that are none", async () => {
    expect(await openDockwarden({ configFile: 5 } as never)).toMatchObject({
      ok: false,
      error: { exitCode: 78, message: "configFile: must be a text" },
    });
  });

  test("answers a fault for a store that isn't there, and makes none", async () => {
    const configFile = join(site.workspace.folder, "other.yml");
    await writeFile(configFile, "storage: { path: none/x.db }\n");
    const opened = await openDockwarden({ configFile, environment: {} });
    expect(opened).toMatchObject({ ok: false, error: { exitCode: 3 } });
    expect(existsSync(join(site.workspace.folder, "none"))).toBe(false);
  });

  test("answers every fault of a configuration", async () => {
    const environment = { DOCKWARDEN_TOKEN__TTL_SECONDS: "5", DOCKWARDEN_LOG__LEVEL: "loud" };
    const opened = await openDockwarden({ environment });
    const message = opened.ok ? "" : opened.error.message;
    expect(message.split("\n")).toHaveLength(2);
  });
});
