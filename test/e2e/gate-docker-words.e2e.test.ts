// What the README's first minute shows where the gate is in front: docker itself, in the words that the person reads.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { startDockerEngine, type DockerEngine } from "../support/docker-engine.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import type { Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { addUser, passwordOf } from "../support/spawn-server.js";

describeWith(["nginx", "docker-registry", "docker", "dockerd"], "docker and the gate", () => {
  let site: GateSite;
  let engine: DockerEngine;

  async function as(name: string, ...args: readonly string[]): Promise<Outcome> {
    const person = await engine.person(name);
    expectDone(await person.login(site.door.host, name, passwordOf(name)));
    return person.docker(args);
  }

  beforeAll(async () => {
    site = await openGateSite();
    engine = await startDockerEngine(site.workspace, site.door.host);
    await addUser(site.server, "developer", "view,pull,push");
    await addUser(site.server, "reader", "view,pull");
    await site.server.mustCli(["image", "register", "telechat", "--users", "developer"]);
    await site.server.mustCli(["image", "register", "team/app", "--users", "developer,reader"]);
    for (const name of ["telechat:7b-int4", "team/app:1", "team/app:2"]) {
      await engine.importImage(site.image(name), name);
    }
  }, 90_000);

  afterAll(() => site.close());

  test("a push that nobody allowed", async () => {
    const image = site.image("telechat:7b-int4");
    expectDone(await as("developer", "push", image));
    expectFailed(await as("reader", "push", image), "denied: reader may not push telechat");
  });

  test("a push by somebody who may only pull", async () => {
    expectDone(await as("developer", "push", site.image("team/app:1")));
    const image = site.image("team/app:2");
    expectFailed(
      await as("reader", "push", image),
      "denied: reader may pull team/app but not push",
    );
  });

  test("a pull", async () => {
    const outcome = await as("reader", "pull", site.image("telechat:7b-int4"));
    expectFailed(outcome, "denied: reader may not pull telechat");
    expect(outcome.text).not.toMatch(/<html|invalid character|unexpected end/);
  });
});
