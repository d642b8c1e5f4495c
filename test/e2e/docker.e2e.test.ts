// The Docker engine against registry 2.8: who may, may; who may not, reads why.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  startDockerEngine,
  type DockerEngine,
  type DockerPerson,
} from "../support/docker-engine.js";
import { expectDone } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

describeWith(["docker", "dockerd", "docker-registry"], "docker with its engine", () => {
  let site: Site;
  let engine: DockerEngine;
  let admin: DockerPerson;
  let developer: DockerPerson;
  let reader: DockerPerson;
  let nobody: DockerPerson;

  async function signedIn(name: string): Promise<DockerPerson> {
    const person = await engine.person(name);
    const outcome = await person.login(site.registry.host, name, passwordOf(name));
    expect(outcome.text).toContain("Login Succeeded");
    return person;
  }

  /** Only what the registry gives counts, not what the engine still has. */
  async function pullAnew(person: DockerPerson, name: string): ReturnType<DockerPerson["docker"]> {
    await person.docker(["image", "rm", "--force", site.image(name)]);
    return person.docker(["pull", site.image(name)]);
  }

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    engine = await startDockerEngine(site.workspace, site.registry.host);
    admin = await signedIn(ADMIN_NAME);
    developer = await signedIn("developer");
    reader = await signedIn("reader");
    nobody = await engine.person("nobody");
    for (const name of ["team/app:1", "team/secret:1", "public/base:1"]) {
      await engine.importImage(site.image(name), `layer of ${name}`);
      const outcome = await admin.docker(["push", site.image(name)]);
      expectDone(outcome);
    }
  }, 120_000);

  afterAll(() => site.close());

  test("login says what was wrong when the password is wrong", async () => {
    const person = await engine.person("stranger");
    const outcome = await person.login(site.registry.host, "developer", "not-the-password");
    expect(outcome.code).toBe(1);
    expect(outcome.text).toContain(
      "unauthorized: wrong user name or password, or the account is not active",
    );
  });

  test("login with an unknown name reads exactly like a wrong password", async () => {
    const person = await engine.person("stranger");
    const unknown = await person.login(site.registry.host, "nosuch", "not-the-password");
    const wrong = await person.login(site.registry.host, "developer", "not-the-password");
    expect(unknown.code).toBe(1);
    expect(unknown.text).toBe(wrong.text);
  });

  test("D02: who may push pushes, and who may pull pulls it", async () => {
    await engine.importImage(site.image("team/app:2"), "second layer");
    const pushed = await developer.docker(["push", site.image("team/app:2")]);
    expect(expectDone(pushed)).toContain("2: digest: sha256:");
    const pulled = await pullAnew(reader, "team/app:2");
    expect(expectDone(pulled)).toContain("Downloaded newer image");
  });

  test("D02: a push beyond the account's rights is denied, and docker says so", async () => {
    await engine.importImage(site.image("team/app:3"), "third layer");
    const outcome = await reader.docker(["push", site.image("team/app:3")]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr.trim()).toBe("denied: requested access to the resource is denied");
  });

  test("D02: a pull beyond the account's rights is denied, and docker says so", async () => {
    const outcome = await pullAnew(developer, "team/secret:1");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr.trim()).toBe(
      `Error response from daemon: pull access denied for ${site.image("team/secret")}, ` +
        "repository does not exist or may require 'docker login': " +
        "denied: requested access to the resource is denied",
    );
  });

  test("anybody pulls a public image without logging in, and nobody pushes it that way", async () => {
    const pulled = await pullAnew(nobody, "public/base:1");
    expectDone(pulled);
    const pushed = await nobody.docker(["push", site.image("public/base:1")]);
    expect(pushed.code).toBe(1);
    expect(pushed.stderr.trim()).toBe(
      "errors:\ndenied: requested access to the resource is denied\nunauthorized: authentication required",
    );
  });

  test("without logging in an image that is not public can't be pulled", async () => {
    const outcome = await pullAnew(nobody, "team/app:1");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain("denied: requested access to the resource is denied");
  });

  test("C22: a layer is mounted from a repository that the account may pull", async () => {
    const pulled = await pullAnew(developer, "public/base:1");
    expect(pulled.code).toBe(0);
    await developer.docker(["tag", site.image("public/base:1"), site.image("team/app:mounted")]);
    const outcome = await developer.docker(["push", site.image("team/app:mounted")]);
    expectDone(outcome);
    expect(outcome.stdout).toContain("Mounted from public/base");
  });

  test("C22: a layer is not mounted from a repository that the account may not pull", async () => {
    const pulled = await pullAnew(admin, "team/secret:1");
    expect(pulled.code).toBe(0);
    await developer.docker(["tag", site.image("team/secret:1"), site.image("team/app:copied")]);
    const outcome = await developer.docker(["push", site.image("team/app:copied")]);
    expectDone(outcome);
    expect(outcome.stdout).not.toContain("Mounted from");
    expect(outcome.stdout).toContain("Pushed");
  });

  test("C18: an account that was disabled is refused on its next request, and its login has ended", async () => {
    const ended = "unauthorized: Your login on this machine has ended. Run docker login again.";
    await site.server.mustCli(["user", "disable", "reader", "--yes"]);
    const refused = await pullAnew(reader, "team/app:1");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(ended);
    const login = await reader.login(site.registry.host, "reader", passwordOf("reader"));
    expect(login.text).toContain("wrong user name or password, or the account is not active");
    await site.server.mustCli(["user", "enable", "reader"]);
    expect((await pullAnew(reader, "team/app:1")).stderr).toContain(ended);
    await signedIn("reader");
    expectDone(await pullAnew(reader, "team/app:1"));
  });
});
