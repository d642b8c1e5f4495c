// What docker login keeps: a login that can be ended, and no password.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  startDockerEngine,
  type DockerEngine,
  type DockerPerson,
} from "../support/docker-engine.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const ENDED = "Your login on this machine has ended. Run docker login again.";

interface Listed {
  readonly id: number;
  readonly kind: string;
}

describeWith(["docker", "dockerd", "docker-registry"], "docker login", () => {
  let site: Site;
  let engine: DockerEngine;
  let machines = 0;

  /** A person at a machine of their own, signed in. */
  async function signedIn(name: string, password = passwordOf(name)): Promise<DockerPerson> {
    machines += 1;
    const person = await engine.person(`machine-${machines}`);
    const outcome = await person.login(site.registry.host, name, password);
    expect(outcome.text).toContain("Login Succeeded");
    return person;
  }

  async function pullAnew(person: DockerPerson, name: string): ReturnType<DockerPerson["docker"]> {
    await person.docker(["image", "rm", "--force", site.image(name)]);
    return person.docker(["pull", site.image(name)]);
  }

  async function loginsOf(name: string): Promise<readonly Listed[]> {
    const outcome = await site.server.mustCli(["--json", "token", "list", name]);
    return (outcome.json() as Listed[]).filter(({ kind }) => kind === "refresh");
  }

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    engine = await startDockerEngine(site.workspace, site.registry.host);
    const admin = await signedIn(ADMIN_NAME);
    await engine.importImage(site.image("team/app:1"), "first layer");
    expectDone(await admin.docker(["push", site.image("team/app:1")]));
  }, 120_000);

  afterAll(() => site.close());

  test("docker keeps an identity token and no password, and pushes and pulls with it", async () => {
    const developer = await signedIn("developer");
    const kept = await developer.kept(site.registry.host);
    expect(kept.identitytoken).toMatch(/^dwl_[0-9A-Za-z]{48}$/);
    expect(Buffer.from(kept.auth ?? "", "base64").toString()).toBe("developer:");
    await engine.importImage(site.image("team/app:2"), "second layer");
    expectDone(await developer.docker(["push", site.image("team/app:2")]));
    expectDone(await pullAnew(developer, "team/app:1"));
    const denied = await pullAnew(developer, "team/secret:1");
    expectFailed(denied, "denied: requested access to the resource is denied");
  });

  test("E05: docker goes on with the same identity token, which the server echoes", async () => {
    const reader = await signedIn("reader");
    const before = await reader.kept(site.registry.host);
    for (let pulls = 0; pulls < 3; pulls += 1) expectDone(await pullAnew(reader, "team/app:1"));
    expect(await reader.kept(site.registry.host)).toEqual(before);
  });

  describe("a login that was ended", () => {
    test("E04: by token revoke says so in the terminal, and a new login works", async () => {
      const person = await signedIn("reader");
      const ids = (await loginsOf("reader")).map(({ id }) => String(id));
      await site.server.mustCli(["token", "revoke", ...ids, "--yes"]);
      expectFailed(await pullAnew(person, "team/app:1"), `unauthorized: ${ENDED}`);
      const again = await person.login(site.registry.host, "reader", passwordOf("reader"));
      expect(again.text).toContain("Login Succeeded");
      expectDone(await pullAnew(person, "team/app:1"));
    });

    test("E04: by another password says so, and the other password signs in", async () => {
      const person = await signedIn("developer");
      const password = "another-quiet-harbour-17";
      await site.server.mustCli(["user", "passwd", "developer", "--password-stdin"], {
        stdin: `${password}\n`,
      });
      expectFailed(await pullAnew(person, "team/app:1"), `unauthorized: ${ENDED}`);
      const anew = await signedIn("developer", password);
      expectDone(await pullAnew(anew, "team/app:1"));
    });
  });

  test("a personal token signs in as the password, is kept as it is, and is narrowed", async () => {
    const made = await site.server.mustCli([
      ...["token", "create", ADMIN_NAME, "--image", "team/app", "--actions", "pull"],
    ]);
    const secret = made.stdout.trim();
    const person = await signedIn(ADMIN_NAME, secret);
    const kept = await person.kept(site.registry.host);
    expect(kept.identitytoken).toBeUndefined();
    expect(Buffer.from(kept.auth ?? "", "base64").toString()).toBe(`${ADMIN_NAME}:${secret}`);
    expectDone(await pullAnew(person, "team/app:1"));
    await engine.importImage(site.image("team/app:3"), "third layer");
    const pushed = await person.docker(["push", site.image("team/app:3")]);
    expectFailed(pushed, "denied: requested access to the resource is denied");
  });

  test("a robot signs in with its secret, pushes what it may and nothing else", async () => {
    const made = await site.server.mustCli(["robot", "add", "ci", "--permissions", "push"]);
    await site.server.mustCli(["access", "grant", "team/app", "ci"]);
    const robot = await signedIn("ci", made.stdout.trim());
    expect((await robot.kept(site.registry.host)).identitytoken).toBeUndefined();
    await engine.importImage(site.image("team/app:robot"), "robot's layer");
    expectDone(await robot.docker(["push", site.image("team/app:robot")]));
    const denied = await pullAnew(robot, "team/secret:1");
    expectFailed(denied, "denied: requested access to the resource is denied");
  });

  test("passwords.use tokens-only: docker login with a password is told to use a personal token", async () => {
    const strict = await openSite({ env: { DOCKWARDEN_PASSWORDS__USE: "tokens-only" } });
    try {
      const other = await startDockerEngine(strict.workspace, strict.registry.host);
      const person = await other.person("admin");
      const refused = await person.login(strict.registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME));
      expectFailed(refused, "use a personal token");
      const made = await strict.server.mustCli(["token", "create", ADMIN_NAME]);
      const taken = await person.login(strict.registry.host, ADMIN_NAME, made.stdout.trim());
      expect(taken.text).toContain("Login Succeeded");
    } finally {
      await strict.close();
    }
  });
});
