// buildah against registry 2.8: builds an image from scratch, pushes it, builds on a pulled one.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openBuildah, writeLayer, type Tool } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { passwordOf } from "../support/spawn-server.js";

const DENIED =
  "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required\n";

describeWith(["buildah", "docker-registry"], "buildah", () => {
  let site: Site;
  let developer: Tool;
  let reader: Tool;

  function login(buildah: Tool, name: string, password: string): ReturnType<Tool> {
    const target = ["--username", name, "--password-stdin", site.registry.host];
    return buildah(["login", "--tls-verify=false", ...target], password);
  }

  async function signedIn(name: string): Promise<Tool> {
    const buildah = await openBuildah(site.workspace, name);
    const outcome = await login(buildah, name, passwordOf(name));
    expect(expectDone(outcome)).toContain("Login Succeeded!");
    return buildah;
  }

  /** Builds an image of one small file on `base` and pushes it. */
  async function buildAndPush(buildah: Tool, base: string, name: string): ReturnType<Tool> {
    const from = await buildah(["from", "--tls-verify=false", base]);
    if (from.code !== 0) return from;
    const container = from.stdout.trim();
    const layer = await writeLayer(site.workspace, name.replace(/\W/g, "-"));
    await buildah(["add", container, layer]);
    const committed = await buildah(["commit", container, site.image(name)]);
    expectDone(committed);
    return buildah(["push", "--tls-verify=false", site.image(name)]);
  }

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    developer = await signedIn("developer");
    reader = await signedIn("reader");
  }, 60_000);

  afterAll(() => site.close());

  test("login with a wrong password fails with buildah's own words", async () => {
    const stranger = await openBuildah(site.workspace, "stranger");
    const outcome = await login(stranger, "developer", "not-the-password");
    expectFailed(outcome, `logging into "${site.registry.host}": invalid username/password`);
  });

  test("D02: pushes what it built from scratch, and builds on what it may pull", async () => {
    const base = await buildAndPush(developer, "scratch", "public/base:1");
    expectDone(base);
    const app = await buildAndPush(developer, site.image("public/base:1"), "team/app:1");
    expectDone(app);
    const pulled = await reader(["pull", "--tls-verify=false", site.image("team/app:1")]);
    expectDone(pulled);
  });

  test("D02: a push without the right is denied, and buildah says so", async () => {
    const outcome = await buildAndPush(reader, "scratch", "team/app:2");
    expectFailed(outcome, `/v2/team/app/blobs/uploads/ in ${site.registry.host}: ${DENIED}`);
  });

  test("D02: building on an image that one may not pull is denied, and buildah says so", async () => {
    const outcome = await buildAndPush(developer, site.image("team/secret:1"), "team/app:3");
    expectFailed(outcome, `reading manifest 1 in ${site.image("team/secret")}: ${DENIED}`);
  });
});
