// GET /v2/_catalog at the edge: who is asked for a token, how pages look, and what it is where the registry answers itself.
import { describe, expect, test } from "@jest/globals";
import supertest from "supertest";
import { securityHeaders } from "../../src/http/answer.js";
import { parseTrustedProxies } from "../../src/http/client-address.js";
import { createListener } from "../../src/http/server.js";
import { fakeServer } from "../support/fake-http.js";
import { fakeGate, gateAccount, gateToken, NOW } from "../support/fake-gate.js";
import { open } from "../support/policy.js";

const alice = gateAccount("alice", "view,pull");
const root = gateAccount("root", "view,pull,push,delete,admin");
const PUBLIC = { isPublic: true, isInternal: false };

function site({ isFiltered = true, role = PUBLIC, fault = null as Error | null } = {}) {
  const gate = fakeGate([alice, root], [open("team/**", { alice: "pull" })]);
  const names = ["base", "team/a", "team/b", "team/c"];
  const server = fakeServer([], {}, gate);
  const catalog = {
    bearer: gate.context,
    clock: gate.context.clock,
    publicUrl: "https://auth.example.com",
    trustedProxies: parseTrustedProxies([]),
    headers: securityHeaders(false),
    log: server.context.token.log,
    catalog: {
      policy: gate.context.policy,
      policyReader: {
        ...gate.context.policyReader,
        listNamed: async (_service: string, subjects: readonly string[]) =>
          subjects.includes("account:1") ? ["team/**"] : [],
      },
      repositories: {
        listRepositories: async (
          _service: string,
          { prefix, after, limit }: { prefix: string; after: string | null; limit: number },
        ) => {
          if (fault !== null) throw fault;
          const behind = names.filter((name) => after === null || name > after);
          return behind.filter((name) => name.startsWith(prefix)).slice(0, limit);
        },
      },
      pause: async () => undefined,
    },
  };
  const context = { ...server.context, catalog: isFiltered ? catalog : null };
  return { agent: supertest(createListener(context, role)), gate, log: server.log };
}

type Agent = ReturnType<typeof site>["agent"];
const ask = (agent: Agent, query = "", token = gateToken(alice)) =>
  agent.get(`/v2/_catalog${query}`).set("Authorization", `Bearer ${token}`);

describe("who asks", () => {
  test("is shown what it may look at", async () => {
    const { agent } = site();
    const mine = await ask(agent);
    expect([mine.status, mine.body]).toEqual([
      200,
      { repositories: ["team/a", "team/b", "team/c"] },
    ]);
    expect(mine.headers).toMatchObject({
      "cache-control": "no-store",
      "docker-distribution-api-version": "registry/2.0",
    });
    const all = await ask(agent, "", gateToken(root));
    expect(all.body).toEqual({ repositories: ["base", "team/a", "team/b", "team/c"] });
    const nobody = await ask(agent, "", gateToken(null));
    expect([nobody.status, nobody.body]).toEqual([200, { repositories: [] }]);
  });

  test("without a token is sent for one, as by a registry", async () => {
    for (const scheme of [null, "Basic YTpi"]) {
      const request = site().agent.get("/v2/_catalog");
      const answer = await (scheme === null ? request : request.set("Authorization", scheme));
      expect([answer.status, answer.headers["www-authenticate"]]).toEqual([
        401,
        'Bearer realm="https://auth.example.com/token",service="reg",scope="registry:catalog:*"',
      ]);
      expect(answer.body).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
    }
  });

  test.each([
    ["no token of ours", () => "x.y.z"],
    ["one that has ended this second", () => gateToken(alice, { expiresAt: NOW })],
    ["another registry's", () => gateToken(alice, { audience: "foreign" })],
    ["another issuer's", () => gateToken(alice, { issuer: "foreign" })],
    ["a removed account's", () => gateToken(gateAccount("carol", "view,admin"))],
  ])("D14: with %s is told so", async (_what, token) => {
    const answer = await ask(site().agent, "", token());
    expect([answer.status, answer.headers["www-authenticate"]]).toEqual([
      401,
      'Bearer realm="https://auth.example.com/token",service="reg",scope="registry:catalog:*",error="invalid_token"',
    ]);
    expect(answer.body).toMatchObject({
      error: "invalid_token",
      errors: [{ code: "UNAUTHORIZED" }],
    });
  });
});

describe("pages", () => {
  test("name the next one, as a registry does, until there is none", async () => {
    const { agent } = site();
    const first = await ask(agent, "?n=2");
    expect(first.body).toEqual({ repositories: ["team/a", "team/b"] });
    expect(first.headers["link"]).toBe('</v2/_catalog?last=team%2Fb&n=2>; rel="next"');
    const second = await ask(agent, "?last=team%2Fb&n=2");
    expect(second.body).toEqual({ repositories: ["team/c"] });
    expect(second.headers["link"]).toBeUndefined();
  });

  test.each([
    ["?n=3", ["team/a", "team/b", "team/c"]],
    ["?n=1000", ["team/a", "team/b", "team/c"]],
    ["?n=", ["team/a", "team/b", "team/c"]],
    ["?n=0", []],
    ["?last=zzz", []],
    ["?last=team/a%00", ["refused"]],
    ["?last=&n=02", ["team/a", "team/b"]],
  ])("%s", async (query, repositories) => {
    const answer = await ask(site().agent, query);
    if (repositories[0] === "refused") expect(answer.status).toBe(400);
    else expect(answer.body).toEqual({ repositories });
  });

  test.each(["1001", "-1", "x", "1e3", "0x10", "1.5", "99999999999999999999"])(
    "n=%s is a number that no registry takes",
    async (n) => {
      const answer = await ask(site().agent, `?n=${n}`);
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ errors: [{ code: "PAGINATION_NUMBER_INVALID" }] });
    },
  );
});

describe("the path", () => {
  test("is unknown where the registry answers itself, and on the internal listener", async () => {
    expect((await ask(site({ isFiltered: false }).agent)).status).toBe(404);
    const role = { isPublic: false, isInternal: true };
    expect((await ask(site({ role }).agent)).status).toBe(404);
  });

  test.each(["/v2/_catalog/", "/v2//_catalog", "/v2/_Catalog", "/v2/%5fcatalog", "/v2/"])(
    "A18: %s is another one",
    async (path) => {
      const answer = await site()
        .agent.get(path)
        .set("Authorization", `Bearer ${gateToken(root)}`);
      expect(answer.status).toBe(404);
    },
  );

  test("A17: is read and nothing else", async () => {
    const { agent } = site();
    const answer = await agent
      .delete("/v2/_catalog")
      .set("Authorization", `Bearer ${gateToken(root)}`);
    expect([answer.status, answer.headers["allow"]]).toEqual([405, "GET, HEAD"]);
    const head = await agent
      .head("/v2/_catalog")
      .set("Authorization", `Bearer ${gateToken(alice)}`);
    expect([head.status, head.text]).toEqual([200, undefined]);
  });

  test("a ledger that can't be read is said in the log, and shows nothing", async () => {
    const { agent, log } = site({ fault: new Error("disk") });
    const answer = await ask(agent);
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain("disk");
    expect(log.some(({ evt }) => evt === "server.error")).toBe(true);
  });
});
