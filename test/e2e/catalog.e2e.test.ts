// The catalogue as clients see it through the door: each account its part, nobody in particular the public one, page by page.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openPodman, openSkopeo, type Tool } from "../support/clients.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";
import { fetchToken } from "../support/token-client.js";

const ALL = ["base", "lab/one", "lab/two", "shop", "team/app", "team/tool"];

describeWith(["docker-registry", "nginx", "skopeo", "podman"], "the catalogue", () => {
  let site: GateSite;
  const people = new Map<string, Tool>();

  /** What `podman search HOST/` prints for the person; `nobody` is not signed in. */
  async function search(person: string): Promise<readonly string[]> {
    const podman = people.get(person) ?? (await openPodman(site.workspace, person));
    if (!people.has(person) && person !== "nobody") {
      const login = ["login", "--tls-verify=false", "--username", person, "--password-stdin"];
      expectDone(await podman([...login, site.door.host], passwordOf(person)));
    }
    people.set(person, podman);
    const list = ["search", "--tls-verify=false", "--limit=100", "--format={{.Name}}"];
    const printed = expectDone(await podman([...list, `${site.door.host}/`]));
    return printed
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => line.replace(`${site.door.host}/`, ""))
      .sort();
  }

  /** One page: its names and where the next one is. */
  async function page(
    token: string,
    path: string,
  ): Promise<{ readonly names: readonly string[]; readonly next: string | null }> {
    const answer = await fetch(`${site.door.url}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(200);
    const { repositories } = (await answer.json()) as { readonly repositories: string[] };
    const link = /^<([^>]+)>; rel="next"$/.exec(answer.headers.get("link") ?? "");
    return { names: repositories, next: link?.[1] ?? null };
  }

  beforeAll(async () => {
    site = await openGateSite();
    const { server, door } = site;
    await addUser(server, "developer", "view,pull,push");
    await addUser(server, "looker", "view");
    await addUser(server, "blind", "pull");
    await server.mustCli(["image", "register", "base", "--public"]);
    await server.mustCli(["image", "register", "lab/**", "--users", "looker"]);
    await server.mustCli(["image", "register", "shop:dev", "--users", "developer"]);
    await server.mustCli(["image", "register", "team/app", "--users", "developer,blind"]);
    await server.mustCli(["image", "register", "team/tool", "--internal"]);
    const admin = await openSkopeo(site.workspace, ADMIN_NAME);
    expectDone(await admin.login(door.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
    for (const name of ALL) expectDone(await admin.push(site.image(`${name}:dev`), name));
    await waitUntil("every push is known", async () => (await search(ADMIN_NAME)).length === 6);
  }, 120_000);

  afterAll(() => site.close());

  test.each([
    [ADMIN_NAME, ALL],
    ["developer", ["base", "shop", "team/app", "team/tool"]],
    ["looker", ["base", "lab/one", "lab/two", "team/tool"]],
    // Without the permission to look around: what everybody sees.
    ["blind", ["base"]],
    ["nobody", ["base"]],
  ])("podman search shows %s their part", async (person, names) => {
    expect(await search(person)).toEqual(names);
  });

  test("what somebody is given is listed from then on, what is taken away no more", async () => {
    await site.server.mustCli(["access", "grant", "lab/**", "developer", "--actions", "pull"]);
    expect(await search("developer")).toContain("lab/one");
    await site.server.mustCli(["access", "revoke", "lab/**", "developer"]);
    expect(await search("developer")).not.toContain("lab/one");
  });

  test("pages follow each other by their links, and any size of them lists the same", async () => {
    const { token } = await fetchToken(site.server, ADMIN_NAME, "registry:catalog:*");
    for (const size of [1, 2, 4, 6, 7]) {
      const names: string[] = [];
      let path: string | null = `/v2/_catalog?n=${size}`;
      while (path !== null) {
        const found = await page(token, path);
        expect(found.names.length).toBeLessThanOrEqual(size);
        names.push(...found.names);
        path = found.next;
      }
      expect(names).toEqual(ALL);
    }
    const behind = await page(token, "/v2/_catalog?last=lab/two");
    expect(behind).toEqual({ names: ["shop", "team/app", "team/tool"], next: null });
    const { token: narrow } = await fetchToken(site.server, "developer", "repository:shop:pull");
    const first = await page(narrow, "/v2/_catalog?n=2&last=base");
    expect(first.names).toEqual(["shop", "team/app"]);
    expect(first.next).toContain("last=team%2Fapp");
  });

  test("without a token there is a challenge that names the door", async () => {
    const answer = await fetch(`${site.door.url}/v2/_catalog`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain(
      `Bearer realm="${site.door.url}/token",service="registry"`,
    );
  });
});
