// Robots and personal tokens with a real client: what the command prints is used as it stands, rotated and revoked.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";

interface Shown {
  readonly secrets: readonly {
    readonly id: number;
    readonly lastUse: { program: string } | null;
  }[];
}

describeWith(["skopeo", "docker-registry"], "robots and personal tokens", () => {
  let site: Site;
  let pipeline: Skopeo;

  const show = async (): Promise<Shown> =>
    JSON.parse((await site.server.mustCli(["robot", "show", "ci", "--json"])).stdout) as Shown;
  /** What the command prints goes into the client's auth file as it is. */
  const deliver = async (words: readonly string[]): Promise<void> => {
    const { code, stdout } = await site.server.cli([...words, "--output", "dockerconfig"]);
    expect(code).toBe(0);
    await writeFile(join(site.workspace.folder, "skopeo-ci", "auth.json"), stdout);
  };

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
    pipeline = await openSkopeo(site.workspace, "ci");
  }, 60_000);

  afterAll(() => site.close());

  test("a robot pushes with the file that robot add printed, and nothing else", async () => {
    await deliver(["robot", "add", "ci", "--permissions", "pull,push", "--owner", "developer"]);
    await site.server.mustCli(["access", "grant", "team/app", "ci", "--actions", "pull,push"]);
    expectDone(await pipeline.push(site.image("team/app:1"), "one"));
    expectFailed(await pipeline.push(site.image("team/secret:1"), "x"), "denied");
  });

  test("a rotation stops nothing: both secrets work, until the old one is revoked", async () => {
    const old = await openSkopeo(site.workspace, "old");
    const [first] = (await show()).secrets;
    const { stdout } = await site.server.cli(["robot", "rotate", "ci"]);
    expectDone(await old.login(site.registry.host, "ci", stdout.trim()));
    expectDone(await pipeline.pull(site.image("team/app:1")));
    expectDone(await old.pull(site.image("team/app:1")));
    await waitUntil("the last use on record", async () => {
      const { secrets } = await show();
      return secrets.length === 2 && secrets.every(({ lastUse }) => lastUse !== null);
    });
    expect((await show()).secrets[0]?.lastUse?.program).toMatch(/skopeo|containers/);
    await site.server.mustCli(["token", "revoke", String(first?.id)]);
    expectFailed(await pipeline.pull(site.image("team/app:1")), "robot rotate");
    expectDone(await old.pull(site.image("team/app:1")));
  });

  test("E12: a personal token is a password with less than its account, and ends with a word", async () => {
    const words = ["--image", "team/app", "--actions", "pull", "--json"];
    const { stdout } = await site.server.mustCli(["token", "create", "developer", ...words]);
    const { id, token } = JSON.parse(stdout) as { id: number; token: string };
    const person = await openSkopeo(site.workspace, "person");
    expectDone(await person.login(site.registry.host, "developer", token));
    expectDone(await person.pull(site.image("team/app:1")));
    expectFailed(await person.push(site.image("team/app:2"), "two"), "denied");
    expectFailed(await person.push(site.image("public/base:1"), "base"), "denied");
    await site.server.mustCli(["token", "revoke", String(id)]);
    expectFailed(await person.pull(site.image("team/app:1")), "personal token has ended");
  });
});
