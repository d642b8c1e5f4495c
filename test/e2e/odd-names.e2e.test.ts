// Names that try to be read in two ways: the registry builds the scope, so what counts is what the two together let through.
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { expectDone } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { openSite, type Site } from "../support/site.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";
import { basicHeader } from "../support/token-client.js";

interface Answer {
  readonly status: number;
  readonly challenge: string;
  readonly location: string;
  readonly body: string;
}

describeWith(["skopeo", "docker-registry"], "odd names at a live registry", () => {
  let site: Site;

  /** GET with the path as it stands: fetch would tidy it. */
  function get(path: string, authorization?: string): Promise<Answer> {
    const headers = authorization === undefined ? {} : { authorization };
    return new Promise((resolve, reject) => {
      request({ host: "127.0.0.1", port: site.registry.port, path, headers }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text: string) => (body += text));
        response.on("end", () => {
          resolve({
            status: response.statusCode ?? 0,
            challenge: response.headers["www-authenticate"] ?? "",
            location: response.headers.location ?? "",
            body,
          });
        });
      })
        .once("error", reject)
        .end();
    });
  }

  /** As a client does: ask, follow redirects, fetch the token of the challenge, ask again. */
  async function pull(path: string): Promise<Answer> {
    const first = await get(path);
    if (first.status >= 300 && first.status < 400) return pull(first.location);
    const scope = /scope="([^"]*)"/.exec(first.challenge)?.[1];
    if (scope === undefined) return first;
    const query = new URLSearchParams({ service: "registry", scope }).toString();
    const answer = await fetch(`${site.server.url}/token?${query}`, {
      headers: { authorization: basicHeader("reader") },
    });
    const body = (await answer.json()) as { readonly token?: string };
    if (body.token === undefined) return { ...first, status: answer.status };
    return get(path, `Bearer ${body.token}`);
  }

  beforeAll(async () => {
    site = await openSite();
    await addUser(site.server, "reader", "view,pull");
    await site.server.mustCli(["access", "grant", "team/*", "reader", "--actions", "pull"]);
    await site.server.mustCli(["image", "register", "secret/app", "--users", ADMIN_NAME]);
    const admin = await openSkopeo(site.workspace, ADMIN_NAME);
    expectDone(await admin.login(site.registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
    for (const name of ["team/app:1", "secret/app:1", "team/deep/app:1"]) {
      expectDone(await admin.push(site.image(name), name));
    }
  }, 60_000);

  afterAll(() => site.close());

  test("the way there works: what is granted is listed", async () => {
    expect(await pull("/v2/team/app/tags/list")).toMatchObject({
      status: 200,
      body: expect.stringContaining('"name":"team/app"') as unknown,
    });
  });

  test.each([
    "/v2/secret/app/tags/list",
    "/v2/team/deep/app/tags/list",
    "/v2/team/../secret/app/tags/list",
    "/v2/team/%2e%2e/secret/app/tags/list",
    "/v2/team/..%2Fsecret/app/tags/list",
    "/v2/team%2F..%2Fsecret%2Fapp/tags/list",
    "/v2/team/deep%2Fapp/tags/list",
    "/v2/secret//app/tags/list",
    "/v2//secret/app/tags/list",
    "/v2/secret/./app/tags/list",
    "/v2/secret%2Fapp/tags/list",
    "/v2/secret\\app/tags/list",
    "/v2/Secret/App/tags/list",
    "/v2/secret/app:1/tags/list",
    "/v2/team/*/tags/list",
    "/v2/team/**/tags/list",
  ])("C05: %s opens nothing that is not granted", async (path) => {
    const answer = await pull(path);
    expect(answer.status).not.toBe(200);
    expect(answer.body).not.toMatch(/"name":"(?:secret|team\/deep)/);
  });

  test("C05: a name that the registry tidies is asked for by its tidy name", async () => {
    expect(await pull("/v2/team//app/tags/list")).toMatchObject({ status: 200 });
    expect(await pull("/v2/secret/../team/app/tags/list")).toMatchObject({ status: 200 });
  });
});
