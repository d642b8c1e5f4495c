// What goes on record of credentials besides passwords: whose they were, and never a secret.
import { beforeEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { noteUnread } from "../../src/http/activity-notes.js";
import { fakeServer, fixture, NOW, type FakeServer } from "../support/fake-http.js";

let server: FakeServer;
beforeEach(() => {
  server = fakeServer();
});

const end = { at: NOW, reason: "revoked" } as const;
const get = (name: string, secret: string) =>
  request(server.listener)
    .get("/token?service=reg&scope=repository:team/app:pull,push")
    .auth(name, secret);
const refresh = (token: string) =>
  request(server.listener).post("/token").type("form").send({
    grant_type: "refresh_token",
    refresh_token: token,
    service: "reg",
    scope: "repository:team/app:pull",
  });
const taken = (rows = 100) => {
  const { tokens, refusals } = server.sums.take(rows);
  return { tokens: tokens.map(({ sum }) => sum), refusals: refusals.map(({ sum }) => sum) };
};

describe("the record", () => {
  test("a personal token is named with its account, for what it gave and what it did not", async () => {
    await get("bob", server.credentials.give("token", fixture("bob")));
    const { tokens, refusals } = taken();
    expect(tokens).toEqual([
      expect.objectContaining({
        account: "bob",
        credential: "token:1",
        image: "team/app",
        actions: "pull",
      }),
    ]);
    expect(refusals).toEqual([
      expect.objectContaining({ tried: "bob", credential: "token:1", reason: "not_allowed" }),
    ]);
  });

  test("an ended credential is named with its account, by each way that it is tried", async () => {
    const { credentials } = server;
    const login = credentials.give("refresh", fixture("alice"), { end });
    const token = credentials.give("token", fixture("bob"), { end });
    await refresh(login);
    await get("", login);
    await get("bob", token);
    expect(taken().refusals).toEqual([
      expect.objectContaining({
        tried: "alice",
        credential: "refresh:1",
        reason: "credential_revoked",
        count: 2,
      }),
      expect.objectContaining({
        tried: "bob",
        credential: "token:2",
        reason: "credential_revoked",
      }),
    ]);
  });

  test("somebody's real secret under another name is put down to whose it is", async () => {
    await get("alice", server.credentials.give("token", fixture("bob")));
    expect(taken().refusals).toEqual([
      expect.objectContaining({ tried: "bob", credential: "token:1", reason: "wrong_name" }),
    ]);
  });

  test("a refresh that proved nothing is a refresh of nobody", async () => {
    await refresh("dwl_x");
    expect(taken().refusals).toEqual([
      expect.objectContaining({ tried: "", credential: "refresh", reason: "bad_secret" }),
    ]);
  });

  test("holders of real credentials are crowded out by no stranger", async () => {
    const stranger = { reason: "dup_param", sender: { address: "192.0.2.1", program: "" } };
    for (let i = 0; i < 1001; i += 1) {
      noteUnread(server.context.token.activity, `n${i}`, stranger);
    }
    await get("bob", server.credentials.give("token", fixture("bob"), { end }));
    const { refusals } = taken(2000);
    expect(refusals.filter(({ tried, isRest }) => tried === "bob" && !isRest)).toHaveLength(1);
  });

  test("the log tells of a token what the record does, and no secret", async () => {
    const secret = server.credentials.give("token", fixture("bob"), { end });
    await get("bob", secret);
    expect(server.log.at(-1)).toMatchObject({
      evt: "auth.fail",
      reason: "credential_revoked",
      user: "bob",
      credential: "token:1",
      ref: expect.any(String) as unknown,
    });
    expect(JSON.stringify(server.log)).not.toContain(secret);
  });
});
