// podman against registry 2.8: login, push, pull and search, each with a denied case.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPodman, writeLayer, type Tool } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const DENIED =
  "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n";

describeWith(["podman", "docker-registry"], "podman", () => {
  let site: Site;
  let admin: Tool;
  let developer: Tool;
  let reader: Tool;
  let nobody: Tool;

  async function signedIn(name: string): Promise<Tool> {
    const podman = await openPodman(site.workspace, name);
    const outcome = await login(podman, name, passwordOf(name));
    expect(expectDone(outcome)).toContain("Login Succeeded!");
    return podman;
  }

  function login(podman: Tool, name: string, password: string): ReturnType<Tool> {
    const target = ["--username", name, "--password-stdin", site.registry.host];
    return podman(["login", "--tls-verify=false", ...target], password);
  }

  async function push(podman: Tool, name: string): ReturnType<Tool> {
    const layer = await writeLayer(site.workspace, name.replace(/\W/g, "-"));
    await podman(["import", layer, site.image(name)]);
    return podman(["push", "--tls-verify=false", site.image(name)]);
  }

  function pull(podman: Tool, name: string): ReturnType<Tool> {
    return podman(["pull", "--tls-verify=false", site.image(name)]);
  }

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    admin = await signedIn(ADMIN_NAME);
    developer = await signedIn("developer");
    reader = await signedIn("reader");
    nobody = await openPodman(site.workspace, "nobody");
    for (const name of ["team/secret:1", "public/base:1"]) {
      expectDone(await push(admin, name));
    }
  }, 60_000);

  afterAll(() => site.close());

  test("login with a wrong password fails with podman's own words", async () => {
    const outcome = await login(nobody, "developer", "not-the-password");
    expectFailed(outcome, `logging into "${site.registry.host}": invalid username/password`);
  });

  test("D02: pushes and pulls with the rights for it", async () => {
    expectDone(await push(developer, "team/app:1"));
    expectDone(await pull(reader, "team/app:1"));
    expectDone(await pull(nobody, "public/base:1"));
  });

  test("D02: a push without the right is denied, and podman says so", async () => {
    const outcome = await push(reader, "team/app:2");
    expectFailed(outcome, `/v2/team/app/blobs/uploads/ in ${site.registry.host}: ${DENIED}`);
  });

  test("D02: a pull without the right is denied, and podman says so", async () => {
    const outcome = await pull(developer, "team/secret:1");
    expectFailed(outcome, `reading manifest 1 in ${site.image("team/secret")}: ${DENIED}`);
  });

  test("C13: search reads the catalogue for an admin and is refused to others", async () => {
    const target = ["search", "--tls-verify=false", "--format={{.Name}}", `${site.registry.host}/`];
    const shown = await admin(target);
    expect(expectDone(shown)).toContain("team/secret");
    const refused = await developer(target);
    expect(refused.stdout).not.toContain("team/");
    expectFailed(refused, DENIED);
  });
});
