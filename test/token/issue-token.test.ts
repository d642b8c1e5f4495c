// The one way to a token: what stops it before a signature, what is signed, and how large it may be.
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { openKeyStore } from "../../src/crypto/key-store.js";
import { StoreUnavailable } from "../../src/domain/ports.js";
import { SCOPE_LIMITS } from "../../src/domain/scope.js";
import { issueToken } from "../../src/token/issue-token.js";
import { fakeFlow, NOW, password, signIn, tokenRequest } from "../support/fake-token.js";
import { open } from "../support/policy.js";
import { tempFolder } from "../support/temp.js";

const RECORDS = [signIn("alice", 1), signIn("bob", 2)];

describe("issueToken", () => {
  test("D01: signs who, for whom, how long, and what; answers the same", async () => {
    const flow = fakeFlow(RECORDS);
    expect(await issueToken(tokenRequest(), flow.context)).toMatchObject({
      ok: true,
      value: { expiresInSeconds: 300, issuedAt: NOW, subject: "alice" },
    });
    expect(flow.signed).toEqual([
      {
        issuer: "dockwarden",
        subject: "alice",
        audience: "reg",
        issuedAt: NOW,
        notBefore: NOW - 10,
        expiresAt: NOW + 300,
        tokenId: "id",
        access: [{ type: "repository", name: "team/app", actions: ["pull"] }],
        holder: { account: 1, credential: "password:3" },
      },
    ]);
  });

  test("the steps are taken in order, each once", async () => {
    const flow = fakeFlow(RECORDS);
    await issueToken(tokenRequest(), flow.context);
    expect(flow.calls).toEqual(["find alice", "verify", "match team/app", "sign"]);
  });

  test("a slow sign-in does not shorten the token: it counts from the signature", async () => {
    const times = [NOW, NOW + 7];
    const flow = fakeFlow(RECORDS, [], { clock: { now: () => times.shift() ?? 0 } });
    await issueToken(tokenRequest({ scopes: [] }), flow.context);
    expect(flow.signed).toMatchObject([{ issuedAt: NOW + 7, expiresAt: NOW + 307 }]);
  });

  test("C20: an unknown service stops before the password is looked at", async () => {
    const flow = fakeFlow(RECORDS);
    expect(await issueToken(tokenRequest({ service: "evil" }), flow.context)).toEqual({
      ok: false,
      error: { reason: "unknown-service" },
    });
    expect(flow.calls).toEqual([]);
  });

  test.each([
    ["a wrong password", password("alice", "wrong")],
    ["an unknown name", password("nobody")],
  ])("B02: %s stops before any right is looked up", async (_what, credential) => {
    const flow = fakeFlow(RECORDS);
    expect(await issueToken(tokenRequest({ credential }), flow.context)).toMatchObject({
      ok: false,
      error: { reason: "bad-credentials" },
    });
    expect(flow.calls.filter((call) => /match|sign/.test(call))).toEqual([]);
  });

  test.each([null, "alice", "bob", "root", "", "al\u0000ice"])(
    "B03: the claimed account %j changes nothing",
    async (claimedAccount) => {
      for (const [credential, subject] of [
        [password("bob"), "bob"],
        [{ kind: "none" as const }, ""],
      ] as const) {
        const flow = fakeFlow(RECORDS);
        await issueToken(tokenRequest({ credential, claimedAccount }), flow.context);
        expect(flow.signed).toMatchObject([{ subject, access: [{ actions: [] }] }]);
        expect(flow.calls).not.toContain("find alice");
      }
    },
  );

  test("anonymous is signed with an empty subject and nobody as holder", async () => {
    const flow = fakeFlow(RECORDS, [open("team/app", { "@anonymous": "pull" })]);
    await issueToken(tokenRequest({ credential: { kind: "none" } }), flow.context);
    expect(flow.signed).toMatchObject([
      { subject: "", holder: null, access: [{ actions: ["pull"] }] },
    ]);
  });

  test.each(["find", "match", "sign"] as const)(
    "C24: an exception in %s is passed on, and no token exists",
    async (step) => {
      const flow = fakeFlow(RECORDS);
      flow.faults[step] = new StoreUnavailable("failed", "the disk is gone");
      await expect(issueToken(tokenRequest(), flow.context)).rejects.toThrow(StoreUnavailable);
      expect(flow.signed).toEqual([]);
    },
  );

  test.each([
    [8000, true],
    [8001, false],
    [20_000, false],
  ])("D15: a token of %i characters: given is %s", async (length, isGiven) => {
    const flow = fakeFlow(RECORDS);
    flow.token.length = length;
    const answer = await issueToken(tokenRequest(), flow.context);
    expect(answer.ok).toBe(isGiven);
    if (!answer.ok) expect(answer.error).toEqual({ reason: "token-too-large" });
  });

  test.each(["ES256", "RS256"] as const)(
    "D15: with real %s keys in x5c no token is longer than a header line, from 1 to 32 long scopes",
    async (algorithm) => {
      const folder = tempFolder();
      const clock = { now: () => NOW };
      const keys = await openKeyStore({
        directory: join(folder, "keys"),
        trustDirectory: join(folder, "trust"),
        algorithm,
        header: "x5c",
        modeCheck: "strict",
        tokenTtlSeconds: 300,
        clock,
        mayCreate: true,
      });
      if (!keys.ok) throw new Error(keys.error.message);
      const flow = fakeFlow(RECORDS, [], { signer: keys.value });
      const given: boolean[] = [];
      for (let count = 1; count <= SCOPE_LIMITS.scopes; count += 1) {
        const scopes = Array.from({ length: count }, (_, index) => ({
          type: "repository",
          name: `team/${String(index).padStart(2, "0")}${"x".repeat(248)}`,
          actions: ["pull", "push"],
        }));
        const answer = await issueToken(tokenRequest({ scopes }), flow.context);
        given.push(answer.ok);
        if (answer.ok) expect(answer.value.token.length).toBeLessThanOrEqual(8000);
        else expect(answer.error).toEqual({ reason: "token-too-large" });
      }
      expect({ first: given[0], last: given.at(-1) }).toEqual({ first: true, last: false });
      expect(given).toEqual([...given].sort().reverse());
    },
  );
});
