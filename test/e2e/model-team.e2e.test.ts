// The accounts and images of a team that keeps models: each rule by command line, by token and by a real client.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { startRegistry, type TestRegistry } from "../support/registry.js";
import { openSite, type Site } from "../support/site.js";
import { addUser, ADMIN_NAME, passwordOf, type CliOutcome } from "../support/spawn-server.js";

const DENIED = "requested access to the resource is denied";
const SECOND_SERVICE = "second";

interface CheckAnswer {
  readonly allowed: boolean;
  readonly actions: readonly string[];
  readonly reasons: readonly string[];
}

describeWith(["docker-registry", "skopeo"], "a model team", () => {
  let site: Site;
  let second: TestRegistry;
  const people = new Map<string, Skopeo>();

  function cli(...args: string[]): Promise<CliOutcome> {
    return site.server.mustCli(args);
  }

  /** Signed in at both registries; `nobody` nowhere. */
  async function as(name: string): Promise<Skopeo> {
    const known = people.get(name);
    if (known) return known;
    const person = await openSkopeo(site.workspace, name);
    if (name !== "nobody") {
      await person.login(site.registry.host, name, passwordOf(name));
      await person.login(second.host, name, passwordOf(name));
    }
    people.set(name, person);
    return person;
  }

  /** What the registry really lets this person do: `pull`, `push` or both. An image is there already. */
  async function realRights(
    name: string,
    repository: string,
    host = site.registry.host,
  ): Promise<string[]> {
    const person = await as(name);
    const outcomes = {
      pull: await person.pull(`${host}/${repository}:1`),
      push: await person.push(`${host}/${repository}:of-${name}`, `${repository} of ${name}`),
    };
    return Object.entries(outcomes)
      .filter(([action, outcome]) => {
        if (outcome.code !== 0)
          expect({ action, text: outcome.stderr }).toMatchObject({
            text: expect.stringContaining(DENIED),
          });
        return outcome.code === 0;
      })
      .map(([action]) => action);
  }

  async function check(subject: string, image: string, ...options: string[]): Promise<CheckAnswer> {
    const outcome = await site.server.ask([
      "access",
      "check",
      subject,
      image,
      "--json",
      ...options,
    ]);
    const answer = outcome.json() as CheckAnswer;
    expect(outcome.code).toBe(answer.allowed ? 0 : 1);
    return answer;
  }

  /** The admin puts an image there, whatever the rules say. */
  async function fill(repository: string, host = site.registry.host): Promise<void> {
    const admin = await as(ADMIN_NAME);
    const outcome = await admin.push(`${host}/${repository}:1`, repository);
    expectDone(outcome);
  }

  beforeAll(async () => {
    site = await openSite({ services: ["registry", SECOND_SERVICE] });
    second = await startRegistry(site.workspace, {
      realmUrl: site.server.url,
      rootCertBundle: join(site.server.trustFolder, "token-ca.pem"),
      service: SECOND_SERVICE,
    });
    await addUser(site.server, "developer", "view,pull,push");
    await addUser(site.server, "reader", "view,pull");
    await addUser(site.server, "viewer", "view");
  }, 60_000);

  afterAll(() => site.close());

  test("permissions are ceilings: who may only view sees an image and can't pull it", async () => {
    await cli("image", "register", "ceiling");
    await fill("ceiling");
    expect(await realRights(ADMIN_NAME, "ceiling")).toEqual(["pull", "push"]);
    expect(await realRights("developer", "ceiling")).toEqual(["pull", "push"]);
    expect(await realRights("reader", "ceiling")).toEqual(["pull"]);
    expect(await realRights("viewer", "ceiling")).toEqual([]);
    expect((await cli("image", "list-accessible", "viewer")).stdout).toContain("ceiling");
    expect(await check("viewer", "ceiling")).toMatchObject({ allowed: false, actions: [] });
  });

  test("an image with users is theirs alone", async () => {
    await cli("image", "register", "telechat", "--users", "developer,admin");
    await fill("telechat");
    expect(await realRights("reader", "telechat")).toEqual([]);
    expect(await realRights("developer", "telechat")).toEqual(["pull", "push"]);
    expect(await realRights(ADMIN_NAME, "telechat")).toEqual(["pull", "push"]);
    expect(await check("reader", "telechat")).toMatchObject({ allowed: false, actions: [] });
    expect(await check("developer", "telechat")).toMatchObject({ actions: ["pull", "push"] });
    const admin = await check("admin", "telechat", "--action", "delete");
    expect(admin).toMatchObject({ allowed: true, actions: ["pull", "push", "delete"] });
  });

  test("a public image is pulled by anybody and pushed by nobody without a grant", async () => {
    await cli("image", "register", "base", "--public");
    await fill("base");
    expect(await realRights("nobody", "base")).toEqual(["pull"]);
    expect(await realRights("developer", "base")).toEqual(["pull"]);
    expect(await check("@anonymous", "base")).toMatchObject({ allowed: true, actions: ["pull"] });
    await cli("access", "grant", "base", "developer");
    expect(await realRights("developer", "base")).toEqual(["pull", "push"]);
  });

  test("an image without users is for every signed-in account, within its permissions", async () => {
    const told = await cli("image", "register", "shared");
    expect(told.text).toContain("--internal --actions pull");
    await fill("shared");
    expect(await realRights("developer", "shared")).toEqual(["pull", "push"]);
    expect(await realRights("reader", "shared")).toEqual(["pull"]);
    expect(await realRights("nobody", "shared")).toEqual([]);
  });

  test("an internal image with pull alone is pushed by nobody but admins", async () => {
    await cli("image", "register", "shared-pull", "--internal", "--actions", "pull");
    await fill("shared-pull");
    expect(await realRights("developer", "shared-pull")).toEqual(["pull"]);
    expect(await realRights("nobody", "shared-pull")).toEqual([]);
  });

  test("a grant to a reader lets him pull and still not push, and says both", async () => {
    await cli("image", "register", "granted", "--users", "developer");
    await fill("granted");
    expect(await realRights("reader", "granted")).toEqual([]);
    const told = await cli("access", "grant", "granted", "reader");
    expect(told.text).toMatch(/pull/);
    expect(told.text).toMatch(/push/);
    expect(await realRights("reader", "granted")).toEqual(["pull"]);
    expect(await check("reader", "granted", "--action", "push")).toMatchObject({ allowed: false });
  });

  test("a revoked grant that a group still gives is said to be so", async () => {
    await addUser(site.server, "member", "view,pull");
    await cli("group", "add", "listeners");
    await cli("group", "add-member", "listeners", "member");
    await cli("image", "register", "grouped", "--users", "developer");
    await cli("access", "grant", "grouped", "member");
    await cli("access", "grant", "grouped", "group:listeners", "--actions", "pull");
    await fill("grouped");
    const told = await cli("access", "revoke", "grouped", "member");
    expect(told.text).toContain("listeners");
    expect(await realRights("member", "grouped")).toEqual(["pull"]);
    await cli("group", "remove-member", "listeners", "member");
    expect(await realRights("member", "grouped")).toEqual([]);
  });

  test("C18: a disabled and a removed account are refused on their next request", async () => {
    await addUser(site.server, "leaver", "view,pull,push");
    await addUser(site.server, "removed", "view,pull");
    await cli("image", "register", "leaving", "--users", "leaver,removed");
    await fill("leaving");
    expect(await realRights("leaver", "leaving")).toEqual(["pull", "push"]);
    expect(await realRights("removed", "leaving")).toEqual(["pull"]);
    await cli("user", "disable", "leaver", "--yes");
    await cli("user", "remove", "removed", "--yes");
    for (const name of ["leaver", "removed"]) {
      const outcome = await (await as(name)).pull(site.image("leaving:1"));
      expectFailed(outcome, "wrong user name or password, or the account is not active");
    }
  });

  test("an exclusive image without its last grant is closed to all but admins", async () => {
    await cli("image", "register", "closing", "--users", "developer");
    await fill("closing");
    expect(await realRights("developer", "closing")).toEqual(["pull", "push"]);
    const told = await cli("access", "revoke", "closing", "developer");
    expect(told.text).toMatch(/admin/);
    expect(await realRights("developer", "closing")).toEqual([]);
    expect(await realRights("nobody", "closing")).toEqual([]);
    expect(await realRights(ADMIN_NAME, "closing")).toEqual(["pull", "push"]);
  });

  test("a group with a whole tree loses only what is exclusive in it", async () => {
    await addUser(site.server, "modeller", "view,pull,push");
    await cli("group", "add", "ml");
    await cli("group", "add-member", "ml", "modeller");
    await cli("access", "grant", "ml/**", "group:ml", "--actions", "pull,push");
    const told = await cli("image", "register", "ml/secret", "--users", "developer");
    expect(told.text).toMatch(/modeller|group:ml|ml\/\*\*/);
    await fill("ml/base");
    await fill("ml/secret");
    expect(await realRights("modeller", "ml/base")).toEqual(["pull", "push"]);
    expect(await realRights("modeller", "ml/secret")).toEqual([]);
    expect(await realRights("developer", "ml/secret")).toEqual(["pull", "push"]);
    expect(await realRights("developer", "ml/base")).toEqual([]);
  });

  test("the registry's own host is cut off an image's name, another one is refused", async () => {
    const told = await cli("image", "register", site.image("prefixed"), "--users", "developer");
    expect(told.text).toContain(site.registry.host);
    await fill("prefixed");
    expect(await realRights("developer", "prefixed")).toEqual(["pull", "push"]);
    const refused = await site.server.cli(["image", "register", "elsewhere.example:5000/prefixed"]);
    expectFailed(refused, "--literal");
  });

  test("an image with a tag is refused without a gate, with three ways on", async () => {
    const refused = await site.server.cli([
      "image",
      "register",
      "tagged:7b-fp16",
      "--users",
      "developer",
    ]);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(/gate/);
    expect(refused.stderr).toMatch(/--anyway/);
    expect(refused.stderr).toMatch(/whole repository|image register tagged\b/);
    const listed = await cli("image", "list");
    expect(listed.stdout).not.toContain("tagged");
  });

  test("an image with a tag that was forced takes rights away and gives none", async () => {
    await cli("access", "grant", "forced", "reader");
    await fill("forced");
    expect(await realRights("reader", "forced")).toEqual(["pull"]);
    await cli("image", "register", "forced:7b-fp16", "--users", "developer", "--anyway");
    expect(await realRights("reader", "forced")).toEqual([]);
    expect(await realRights("developer", "forced")).toEqual([]);
    const answer = await check("reader", "forced");
    expect(answer).toMatchObject({ allowed: false, actions: [] });
    expect(answer.reasons.join("\n")).toContain("forced:7b-fp16");
    const health = await fetch(`http://127.0.0.1:${site.server.port}/health/ready`);
    expect(await health.json()).toMatchObject({ status: "degraded" });
    await cli("image", "unregister", "forced:7b-fp16", "--yes");
    expect(await realRights("reader", "forced")).toEqual(["pull"]);
  });

  test("the same name in two registries follows each one's own rule", async () => {
    await cli("image", "register", "twin", "--users", "developer", "--service", "registry");
    await cli("image", "register", "twin", "--users", "reader", "--service", SECOND_SERVICE);
    await fill("twin");
    await fill("twin", second.host);
    expect(await realRights("developer", "twin")).toEqual(["pull", "push"]);
    expect(await realRights("reader", "twin")).toEqual([]);
    expect(await realRights("developer", "twin", second.host)).toEqual([]);
    expect(await realRights("reader", "twin", second.host)).toEqual(["pull"]);
    const there = await check("developer", "twin", "--service", SECOND_SERVICE);
    expect(there).toMatchObject({ allowed: false });
  });
});
