// The passwords and rules of a docker_auth configuration, tried with a real client at a live registry after the import.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { openSite, type Site } from "../support/site.js";
import { HASH } from "../support/docker-auth-site.js";

/** What HASH is of. */
const PASSWORD = "badmin";

describeWith(["docker-registry", "skopeo"], "after an import of docker_auth", () => {
  let site: Site;

  beforeAll(async () => {
    site = await openSite();
    const file = join(site.workspace.folder, "auth_config.yml");
    const text = `users:
  Ann: {password: "${HASH}", labels: {team: [ml]}}
  bob: {password: "${HASH}"}
  "": {}
acl:
  - {match: {labels: {team: ml}, name: "ml/*"}, actions: [pull, push]}
  - {match: {name: "ml/*"}, actions: []}
  - {match: {account: "/.+/"}, actions: [pull]}
  - {match: {name: "public/*"}, actions: [pull]}
`;
    await writeFile(file, text);
    await site.server.mustCli(["import", "docker-auth", file]);
  });
  afterAll(() => site.close());

  async function ask(
    account: string | null,
    repository: string,
    password = PASSWORD,
  ): Promise<string> {
    const scope = `repository:${repository}:pull,push,delete`;
    const query = new URLSearchParams({ service: "registry", scope }).toString();
    const secret = Buffer.from(`${account ?? ""}:${password}`).toString("base64");
    const headers: Record<string, string> =
      account === null ? {} : { authorization: `Basic ${secret}` };
    const answer = await fetch(`${site.server.url}/token?${query}`, { headers });
    if (answer.status !== 200) return String(answer.status);
    const { token } = (await answer.json()) as { readonly token: string };
    const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      readonly access: readonly { readonly actions: readonly string[] }[];
    };
    const listed = await fetch(
      `http://127.0.0.1:${site.registry.port}/v2/${repository}/tags/list`,
      {
        headers: { authorization: `Bearer ${token}` },
      },
    );
    const actions = claims.access.flatMap((one) => one.actions).join();
    // The registry knows no such repository, and says so only to those who may pull it.
    return `${actions} ${listed.status}`;
  }

  test.each([
    ["Ann", "ml/app", "pull,push 404"],
    ["ann", "other/app", "pull 404"],
    ["bob", "ml/app", " 401"],
    ["bob", "ml/a/b", "pull 404"],
    ["bob", "other/app", "pull 404"],
    [null, "public/app", "pull 404"],
    [null, "other/app", " 401"],
  ])("%s gets at %s what docker_auth gave: %s", async (account, repository, given) => {
    expect(await ask(account, repository)).toBe(given);
  });

  test("skopeo signs in with the password of then, pushes and pulls as the rules say", async () => {
    const [ann, bob] = [
      await openSkopeo(site.workspace, "ann"),
      await openSkopeo(site.workspace, "bob"),
    ];
    const { host } = site.registry;
    expectDone(await ann.login(host, "Ann", PASSWORD));
    expectDone(await bob.login(host, "bob", PASSWORD));
    expectDone(await ann.push(`${host}/ml/app:1`, "one"));
    expectDone(await ann.pull(`${host}/ml/app:1`));
    expectFailed(await bob.pull(`${host}/ml/app:1`), "denied");
    expectFailed(await bob.push(`${host}/other/app:1`, "two"), "denied");
    expectFailed(await bob.login(host, "bob", "badmi"), "invalid username/password");
  });

  test("a wrong password is refused", async () => {
    expect(await ask("bob", "other/app", "badmi")).toBe("401");
  });
});
