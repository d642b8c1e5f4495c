// GET /authz on the wire: what proxies send, and the three answers that they understand.
import { describe, expect, test } from "@jest/globals";
import request from "supertest";
import { fakeGate, gateAccount, gateToken, type FakeGate } from "../support/fake-gate.js";
import { fakeServer } from "../support/fake-http.js";
import { exclusive, open } from "../support/policy.js";

const ALICE = gateAccount("alice", "view,pull,push");
const BOB = gateAccount("bob", "view,pull");

function site(gate: FakeGate = defaultGate()) {
  const server = fakeServer([], {}, gate);
  const ask = (
    who: string | null,
    method: string,
    uri: string,
    more: Readonly<Record<string, string>> = {},
  ) => {
    const asked = request(server.listener)
      .get("/authz")
      .set("X-Original-Method", method)
      .set("X-Original-URI", uri)
      .set(more);
    return who === null ? asked : asked.set("Authorization", `Bearer ${who}`);
  };
  return { server, gate, ask };
}

function defaultGate(): FakeGate {
  return fakeGate(
    [ALICE, BOB],
    [
      open("team/app", { alice: "pull,push", bob: "pull" }),
      exclusive("team/app:prod", { alice: "pull" }),
    ],
  );
}

describe("GET /authz", () => {
  test("no token, or another scheme, passes: the registry sends its own challenge", async () => {
    const { ask } = site();
    expect((await ask(null, "GET", "/v2/")).status).toBe(204);
    expect((await ask(null, "GET", "/v2/team/app/manifests/prod")).status).toBe(204);
    const basic = await ask(null, "GET", "/v2/", { Authorization: "Basic eDp5" });
    expect(basic.status).toBe(204);
  });

  test("what the rules allow passes, with the headers of every answer", async () => {
    const { ask } = site();
    const answer = await ask(gateToken(BOB), "GET", "/v2/team/app/manifests/dev");
    expect(answer.status).toBe(204);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(answer.text).toBe("");
  });

  test("a denial says who may do what, in a body for clients and in a header for nginx", async () => {
    const { ask, server } = site();
    const answer = await ask(gateToken(BOB), "PUT", "/v2/team/app/manifests/dev");
    expect(answer.status).toBe(403);
    expect(answer.body).toMatchObject({
      errors: [
        {
          code: "DENIED",
          message: expect.stringMatching(/^bob may pull team\/app but not push; ref [0-9A-Z]{6}$/),
        },
      ],
    });
    const reason: unknown = answer.headers["x-deny-reason"];
    expect(reason).toBe((answer.body as { errors: { message: string }[] }).errors[0]?.message);
    const line = server.log.find(({ evt }) => evt === "gate.deny");
    expect(line).toMatchObject({
      reason: "not_allowed",
      sub: "bob",
      image: "team/app",
      asked: "push",
    });
    expect(reason).toContain(line?.["ref"]);
  });

  test.each([
    ["GET", "/v2/team/app/manifests/prod", "bob may not pull team/app:prod"],
    ["GET", "/v2/secret/manifests/x", "bob may not pull secret"],
    ["PUT", "/v2/team/app/manifests/prod", "bob may pull team/app but not push"],
    ["DELETE", "/v2/team/app/manifests/dev", "bob may pull team/app but not delete"],
    ["GET", "/v2/team/app/manifests/%2e%2e/x", "this path is not one that registry clients use"],
    ["TRACE", "/v2/", "this method is not one that registries know"],
    [
      "PUT",
      "/v2/team/app/manifests/dev?tag=a;b",
      "this query is not one that registry clients use",
    ],
  ])("%s %s: %s", async (method, uri, words) => {
    const { ask } = site();
    const answer = await ask(gateToken(BOB), method, uri);
    expect(answer.status).toBe(403);
    expect(answer.headers["x-deny-reason"]).toContain(words);
  });

  test("who may not do something with an image's signature reads what that was", async () => {
    const { ask, gate } = site();
    const digest = `sha256:${"a".repeat(64)}`;
    gate.ledger.tags.set("prod", digest);
    const path = `/v2/team/app/manifests/${digest.replace(":", "-")}.sig`;
    const words = "none of the tags of team/app that lead to this digest";
    const written = await ask(gateToken(ALICE), "PUT", path);
    expect(written.headers["x-deny-reason"]).toContain(`alice may push ${words}`);
    const read = await ask(gateToken(BOB), "GET", path);
    expect(read.headers["x-deny-reason"]).toContain(`bob may pull ${words}`);
  });

  test("who is not signed in is told to sign in", async () => {
    const { ask } = site();
    const answer = await ask(gateToken(null), "GET", "/v2/team/app/manifests/dev");
    expect(answer.headers["x-deny-reason"]).toContain(
      "team/app is not public, and nobody is signed in; run docker login",
    );
  });

  test.each([
    ["GET", "/v2/", null],
    ["GET", "/v2/team/app/manifests/prod", "repository:team/app:pull"],
    ["PUT", "/v2/team/app/manifests/prod", "repository:team/app:pull,push"],
    ["DELETE", "/v2/team/app/manifests/prod", "repository:team/app:delete"],
  ])("a token that does not count is challenged anew: %s %s", async (method, uri, scope) => {
    const { ask } = site();
    for (const token of ["rubbish", gateToken(ALICE, { expiresAt: 1 })]) {
      const answer = await ask(token, method, uri);
      expect(answer.status).toBe(401);
      const middle = scope === null ? "" : `scope="${scope}",`;
      expect(answer.headers["www-authenticate"]).toBe(
        `Bearer realm="http://localhost:5001/token",service="reg",${middle}error="invalid_token"`,
      );
      expect(answer.body).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
    }
  });

  test("a mount without rights is refused as a registry does", async () => {
    const { ask } = site();
    const digest = `sha256:${"a".repeat(64)}`;
    const answer = await ask(
      gateToken(ALICE),
      "POST",
      `/v2/team/app/blobs/uploads/?mount=${digest}&from=secret`,
    );
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe(
      'Bearer realm="http://localhost:5001/token",service="reg",scope="repository:team/app:pull,push repository:secret:pull",error="insufficient_scope"',
    );
  });

  test("only the configured family of headers names the request, and each header once", async () => {
    const { server } = site();
    const token = `Bearer ${gateToken(BOB)}`;
    const forwarded = await request(server.listener)
      .get("/authz")
      .set("Authorization", token)
      .set("X-Forwarded-Method", "GET")
      .set("X-Forwarded-Uri", "/v2/team/app/manifests/dev");
    expect(forwarded.status).toBe(403);
    expect(forwarded.headers["x-deny-reason"]).toContain("gate.headers");
    const both = await request(server.listener)
      .get("/authz")
      .set("Authorization", token)
      .set("X-Forwarded-Method", "GET")
      .set("X-Forwarded-Uri", "/v2/team/app/manifests/dev")
      .set("X-Original-Method", "GET")
      .set("X-Original-URI", "/v2/team/app/manifests/prod");
    expect(both.status).toBe(403);
    const half = await request(server.listener)
      .get("/authz")
      .set("X-Original-URI", "/v2/team/app/manifests/dev");
    expect(half.status).toBe(403);
  });

  test("a body that is a form does not carry a mount past the gate", async () => {
    const { ask } = site();
    const answer = await ask(gateToken(ALICE), "POST", "/v2/team/app/blobs/uploads/", {
      "Content-Type": "application/x-www-form-urlencoded",
    });
    expect(answer.status).toBe(403);
  });

  test("a proxy names one of our services, once", async () => {
    const { server } = site();
    const ask = (query: string, audience: string) =>
      request(server.listener)
        .get(`/authz${query}`)
        .set("Authorization", `Bearer ${gateToken(BOB, { audience })}`)
        .set("X-Original-Method", "GET")
        .set("X-Original-URI", "/v2/team/app/manifests/dev");
    expect((await ask("?service=reg", "reg")).status).toBe(204);
    expect((await ask("", "other")).status).toBe(204);
    const wrong = await ask("?service=other", "reg");
    expect(wrong.status).toBe(401);
    expect(wrong.headers["www-authenticate"]).toContain('service="other"');
    expect((await ask("?service=evil", "reg")).status).toBe(403);
    expect((await ask("?service=reg&service=other", "reg")).status).toBe(403);
  });

  test("T10: what can't be decided is refused, by an answer that every proxy understands", async () => {
    const gate = defaultGate();
    const { ask, server } = site(gate);
    gate.fault.store = new Error("the disk is gone");
    const answer = await ask(gateToken(BOB), "GET", "/v2/team/app/manifests/dev");
    expect(answer.status).toBe(403);
    expect(answer.headers["x-deny-reason"]).toContain("can not decide just now");
    expect(answer.text).not.toContain("disk");
    expect(server.log.some(({ evt }) => evt === "gate.error")).toBe(true);
  });

  test("a reason holds nothing that would break the JSON that nginx makes of it", async () => {
    const { ask } = site();
    const answer = await ask(gateToken(BOB), "GET", "/v2/Te.st/app/manifests/x");
    expect(answer.headers["x-deny-reason"]).toMatch(/^[ !#-[\]-~]+$/);
  });
});
