// containerd's ctr against registry 2.8; it asks by POST first, and falls back on GET.
import { afterAll, beforeAll, test } from "@jest/globals";
import { startContainerd, writeOciArchive, type Tool } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

describeWith(["ctr", "containerd", "docker-registry"], "ctr", () => {
  let site: Site;
  let ctr: Tool;

  function credentials(name: string, password = passwordOf(name)): string[] {
    return ["--user", `${name}:${password}`];
  }

  /** Makes an image of one small file and pushes it as `latest`. */
  async function push(name: string, content: string, ...options: string[]): ReturnType<Tool> {
    const archive = await writeOciArchive(site.workspace, content);
    const imported = await ctr([
      "images",
      "import",
      "--snapshotter=native",
      "--no-unpack",
      `--base-name=${site.image(name)}`,
      archive,
    ]);
    expectDone(imported);
    return ctr(["images", "push", "--plain-http", ...options, site.image(`${name}:latest`)]);
  }

  /** Only what the registry gives counts, not what containerd still has. */
  async function pull(name: string, ...options: string[]): ReturnType<Tool> {
    await ctr(["images", "rm", "--sync", site.image(`${name}:latest`)]);
    const target = ["--snapshotter=native", ...options, site.image(`${name}:latest`)];
    return ctr(["images", "pull", "--plain-http", ...target]);
  }

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    ctr = await startContainerd(site.workspace);
    for (const name of ["team/secret", "public/base"]) {
      const outcome = await push(name, name.replace("/", "-"), ...credentials(ADMIN_NAME));
      expectDone(outcome);
    }
  }, 60_000);

  afterAll(() => site.close());

  test("D02: pushes and pulls with the rights for it", async () => {
    const pushed = await push("team/app", "app", ...credentials("developer"));
    expectDone(pushed);
    expectDone(await pull("team/app", ...credentials("reader")));
  });

  test("anybody pulls a public image without credentials", async () => {
    expectDone(await pull("public/base"));
  });

  test("D02: a push without the right is denied", async () => {
    const outcome = await push("team/app", "other", ...credentials("reader"));
    expectFailed(outcome, "ctr: server message: insufficient_scope: authorization failed");
  });

  test("D02: a pull without the right is denied", async () => {
    const outcome = await pull("team/secret", ...credentials("developer"));
    expectFailed(
      outcome,
      `ctr: failed to resolve reference "${site.image("team/secret:latest")}": pull access denied, ` +
        "repository does not exist or may require authorization: " +
        "server message: insufficient_scope: authorization failed",
    );
  });

  test("pulls with a refresh token, by POST, until its login has ended", async () => {
    const form = { grant_type: "password", username: "reader", password: passwordOf("reader") };
    const asked = { ...form, service: "registry", access_type: "offline" };
    const answer = await fetch(`http://127.0.0.1:${site.server.port}/token`, {
      method: "POST",
      body: new URLSearchParams(asked),
    });
    const { refresh_token: token } = (await answer.json()) as { refresh_token: string };
    expectDone(await pull("team/app", "--refresh", token));
    await site.server.mustCli(["user", "disable", "reader", "--yes"]);
    expectFailed(await pull("team/app", "--refresh", token), "401 Unauthorized");
    await site.server.mustCli(["user", "enable", "reader"]);
    expectFailed(await pull("team/app", "--refresh", token), "401 Unauthorized");
  });

  test("a wrong password is refused", async () => {
    const outcome = await pull("team/app", ...credentials("developer", "not-the-password"));
    expectFailed(
      outcome,
      "failed to authorize: failed to fetch oauth token: unexpected status: 401 Unauthorized",
    );
  });
});
