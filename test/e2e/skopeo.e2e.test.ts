// skopeo against registry 2.8: copy, inspect, list-tags, delete and login, each with a denied case.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const DENIED = "requested access to the resource is denied";

describeWith(["skopeo", "docker-registry"], "skopeo", () => {
  let site: Site;
  let admin: Skopeo;
  let developer: Skopeo;
  let reader: Skopeo;
  let nobody: Skopeo;

  async function signedIn(name: string): Promise<Skopeo> {
    const person = await openSkopeo(site.workspace, name);
    const outcome = await person.login(site.registry.host, name, passwordOf(name));
    expect(expectDone(outcome)).toContain("Login Succeeded!");
    return person;
  }

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    await addUser(site.server, "cleaner", "pull,delete");
    await site.server.mustCli(["image", "register", "team/old", "--users", "cleaner,developer"]);
    admin = await signedIn(ADMIN_NAME);
    developer = await signedIn("developer");
    reader = await signedIn("reader");
    nobody = await openSkopeo(site.workspace, "nobody");
    for (const name of ["team/app:1", "team/old:1", "team/secret:1", "public/base:1"]) {
      expectDone(await admin.push(site.image(name), name));
    }
  }, 60_000);

  afterAll(() => site.close());

  test("login with a wrong password fails with skopeo's own words", async () => {
    const stranger = await openSkopeo(site.workspace, "stranger");
    const outcome = await stranger.login(site.registry.host, "developer", "not-the-password");
    expectFailed(outcome, "invalid username/password");
  });

  test("a copy with a wrong password shows our message", async () => {
    const outcome = await nobody.skopeo([
      "inspect",
      "--tls-verify=false",
      "--creds=developer:not-the-password",
      `docker://${site.image("team/app:1")}`,
    ]);
    expectFailed(
      outcome,
      "unauthorized: wrong user name or password, or the account is not active",
    );
  });

  test("D02: copies to and from a repository with the rights for it", async () => {
    expectDone(await developer.push(site.image("team/app:2"), "two"));
    expectDone(await reader.pull(site.image("team/app:2")));
  });

  test("D02: a copy to a repository without push is denied", async () => {
    const outcome = await reader.push(site.image("team/app:3"), "three");
    expectFailed(outcome, DENIED);
  });

  test("D02: a copy from a repository without pull is denied", async () => {
    const outcome = await developer.pull(site.image("team/secret:1"));
    expectFailed(outcome, DENIED);
  });

  test("inspect shows a public image to anybody, and no other", async () => {
    const target = (name: string): string[] => [
      "inspect",
      "--tls-verify=false",
      `docker://${site.image(name)}`,
    ];
    const shown = await nobody.skopeo(target("public/base:1"));
    expectDone(shown);
    expect(JSON.parse(shown.stdout)).toMatchObject({ RepoTags: ["1"] });
    const denied = await nobody.skopeo(target("team/app:1"));
    expectFailed(denied, DENIED);
  });

  test("list-tags lists for who may pull, and is denied to others", async () => {
    const target = ["list-tags", "--tls-verify=false", `docker://${site.image("team/secret")}`];
    const shown = await admin.skopeo(target);
    expect(JSON.parse(shown.stdout)).toMatchObject({ Tags: ["1"] });
    const denied = await developer.skopeo(target);
    expectFailed(denied, DENIED);
  });

  test("C23: delete needs the delete permission; push does not bring it", async () => {
    const target = ["delete", "--tls-verify=false", `docker://${site.image("team/old:1")}`];
    const denied = await developer.skopeo(target);
    expectFailed(denied, "authentication required");
    expectFailed(denied, "(401 Unauthorized)");
    const cleaner = await signedIn("cleaner");
    expectDone(await cleaner.skopeo(target));
    const gone = await cleaner.pull(site.image("team/old:1"));
    expect(gone.stderr).toContain("manifest unknown");
  });
});
