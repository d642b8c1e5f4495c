// examples/registry.sh against registry 2.8: it lists and deletes through the token server, and says why it can't.
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { expectDone } from "../support/outcome.js";
import { run, type Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { openSite, type Site } from "../support/site.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const SCRIPT = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  "examples",
  "registry.sh",
);
/** Everything that a shell or curl's configuration could take for something else. */
const HARD_PASSWORD = `quiet "meadow" \\lantern\\ $HOME 'x' #42`;

describeWith(["curl", "skopeo", "docker-registry"], "examples/registry.sh", () => {
  let site: Site;

  function registry(
    account: string | null,
    args: readonly string[],
    password?: string,
  ): Promise<Outcome> {
    const env: Record<string, string> = {
      PATH: process.env["PATH"] ?? "",
      REGISTRY_URL: `http://${site.registry.host}/`,
      REGISTRY_PAGE_SIZE: "2",
    };
    if (account !== null) {
      env["REGISTRY_USER"] = account;
      env["REGISTRY_PASSWORD"] = password ?? passwordOf(account);
    }
    return run("sh", [SCRIPT, ...args], { env });
  }

  beforeAll(async () => {
    site = await openSite();
    await addUser(site.server, "cleaner", "pull,delete");
    await addUser(site.server, "reader", "view,pull");
    await site.server.mustCli(["image", "register", "team/app", "--users", "cleaner,reader"]);
    const admin = await openSkopeo(site.workspace, "admin");
    expectDone(await admin.login(site.registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
    for (const tag of ["one", "two"]) {
      expectDone(await admin.push(site.image(`team/app:${tag}`), tag));
    }
  }, 60_000);

  afterAll(() => site.close());

  test("lists the tags for who may pull", async () => {
    const outcome = await registry("reader", ["tags", "team/app"]);
    expect(outcome).toMatchObject({ code: 0, stdout: "one\ntwo\n", stderr: "" });
  });

  test("lists every repository for an admin, page by page", async () => {
    const admin = await openSkopeo(site.workspace, "admin");
    for (const name of ["team/b", "team/c"]) {
      expectDone(await admin.push(site.image(`${name}:one`), name));
    }
    const outcome = await registry(ADMIN_NAME, ["repositories"]);
    expect(outcome).toMatchObject({ code: 0, stdout: "team/app\nteam/b\nteam/c\n" });
  });

  test("lists no repository to anybody else, and says what to run", async () => {
    const outcome = await registry("reader", ["repositories"]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("dockwarden access check");
  });

  test("says when name or password is wrong", async () => {
    const outcome = await registry("reader", ["tags", "team/app"], "not-the-password");
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr).toContain("401: wrong user name or password");
    expect(outcome.stderr).not.toContain("not-the-password");
  });

  test("takes a password with quotes, backslashes and dollar signs, from a file as well", async () => {
    const file = join(site.workspace.folder, "hard-password");
    await writeFile(file, `${HARD_PASSWORD}\n`, { mode: 0o600 });
    const added = await site.server.cli(["user", "add", "hard", "--password-stdin"], {
      stdin: `${HARD_PASSWORD}\n`,
    });
    expectDone(added);
    await site.server.mustCli(["access", "grant", "team/app", "hard"]);
    const outcome = await registry("hard", ["-p", file, "tags", "team/app"]);
    expect(outcome).toMatchObject({ code: 0, stdout: "one\ntwo\n" });
  });

  test("deletes for who may delete, by tag, and for nobody else", async () => {
    const denied = await registry("reader", ["delete", "team/app", "two"]);
    expect(denied.code).toBe(1);
    const digest = await registry("cleaner", ["digest", "team/app", "two"]);
    expect(digest.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    const deleted = await registry("cleaner", ["delete", "team/app", "two"]);
    expect(deleted).toMatchObject({
      code: 0,
      stdout: `deleted team/app@${digest.stdout}`,
    });
    const left = await registry("reader", ["tags", "team/app"]);
    expect(left.stdout).toBe("one\n");
    const again = await registry("cleaner", ["delete", "team/app", "two"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("not there");
  });

  test.each([
    ["no command", []],
    ["an unknown command", ["frobnicate"]],
    ["too few words", ["delete", "team/app"]],
    ["a registry without http", ["-r", "localhost:5000", "repositories"]],
  ])("answers 2 for %s", async (_what, args) => {
    const outcome = await registry("reader", args);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).not.toBe("");
  });
});
