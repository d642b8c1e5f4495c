// Who is it? Every way to fail costs the same work and looks the same; a name alone proves nothing.
import { describe, expect, test } from "@jest/globals";
import { StoreUnavailable } from "../../src/domain/ports.js";
import { authenticate, type Circumstances } from "../../src/token/authenticate.js";
import type { Credential } from "../../src/token/token-request.js";
import { fakeFlow, NOW, password, signIn, type FakeFlow } from "../support/fake-token.js";

const RECORDS = [
  signIn("alice", 1),
  signIn("carol", 3, { isEnabled: false }),
  signIn("ended", 4, { expiresAt: NOW }),
  signIn("ending", 5, { expiresAt: NOW + 1 }),
  { ...signIn("ci", 6, { kind: "robot", passwordChangedAt: null }), passwordHash: null },
];

const FROM: Circumstances = {
  source: "127.0.0.1",
  sender: { address: "127.0.0.1", program: "docker/29.1.3" },
  service: "reg",
  now: NOW,
};

function setUp(change: Parameters<typeof fakeFlow>[2] = {}) {
  const flow = fakeFlow(RECORDS, [], change);
  const ask = (credential: Credential) => authenticate(credential, flow.context, FROM);
  return { flow, ask };
}

const countHashes = ({ calls }: FakeFlow): number =>
  calls.filter((call) => call === "verify" || call === "hash").length;

describe("authenticate", () => {
  test("no credential is anonymous, and asks neither store nor hasher", async () => {
    const { flow, ask } = setUp();
    expect(await ask({ kind: "none" })).toEqual({
      ok: true,
      value: { requester: { kind: "anonymous" }, holder: null, proof: "none", version: null },
    });
    expect(flow.calls).toEqual([]);
  });

  test("the right password is the account, with its permissions and without a ceiling", async () => {
    const { flow, ask } = setUp();
    expect(await ask(password("alice"))).toEqual({
      ok: true,
      value: {
        requester: {
          kind: "account",
          id: 1,
          name: "alice",
          accountKind: "user",
          permissions: ["view", "pull", "push"],
          groups: [],
          ceiling: { kind: "none" },
        },
        holder: { account: 1, credential: "password:3" },
        proof: "password",
        version: 3,
      },
    });
    expect(flow.calls).toEqual(["find alice", "verify"]);
  });

  test.each([
    ["an unknown name", "nobody", "pw-nobody", "unknown-account"],
    ["a name outside the grammar", "al\u0000ice", "pw-alice", "unknown-account"],
    ["a wrong password", "alice", "wrong", "bad-password"],
    ["a disabled account, right password", "carol", "pw-carol", "disabled"],
    ["a disabled account, wrong password", "carol", "wrong", "bad-password"],
    ["an ended account, right password", "ended", "pw-ended", "expired"],
    ["an account without a password", "ci", "anything", "no-password"],
  ])("B02: %s costs one hash and is the same refusal", async (_what, name, text, detail) => {
    const { flow, ask } = setUp();
    const answer = await ask(password(name, text));
    expect(answer).toEqual({ ok: false, error: { reason: "bad-credentials", detail } });
    expect(countHashes(flow)).toBe(1);
    expect(flow.calls).not.toContain("hash");
  });

  test("an account works until just before its end", async () => {
    const { ask } = setUp();
    expect(await ask(password("ending"))).toMatchObject({ ok: true });
  });

  test("capitals of a name are folded before the store is asked", async () => {
    const { flow, ask } = setUp();
    expect(await ask(password("Alice", "pw-alice"))).toMatchObject({ ok: true });
    expect(flow.calls[0]).toBe("find alice");
  });

  test("a full hash queue is busy, whoever asks", async () => {
    const { flow, ask } = setUp();
    flow.queue.isFull = true;
    for (const name of ["alice", "nobody", "carol"]) {
      expect(await ask(password(name))).toEqual({ ok: false, error: { reason: "busy" } });
    }
  });

  test("a password that is too old is told to its owner alone", async () => {
    const { ask } = setUp({ passwordMaxAgeDays: 1 });
    expect(await ask(password("alice"))).toMatchObject({ ok: true });
    const late = setUp({ passwordMaxAgeDays: 1 }).flow;
    const circumstances = { ...FROM, now: NOW + 1 };
    expect(await authenticate(password("alice"), late.context, circumstances)).toEqual({
      ok: false,
      error: { reason: "password-too-old" },
    });
    expect(
      await authenticate(password("alice", "wrong"), late.context, circumstances),
    ).toMatchObject({ error: { reason: "bad-credentials" } });
  });

  describe("a hash with older parameters", () => {
    test("is replaced after the right password", async () => {
      const { flow, ask } = setUp();
      flow.queue.isOutdated = true;
      expect(await ask(password("alice"))).toMatchObject({ ok: true });
      expect(flow.replaced).toEqual(["1 pw-alice better-pw-alice"]);
    });

    test("is left alone for an account that may not come in", async () => {
      const { flow, ask } = setUp();
      flow.queue.isOutdated = true;
      expect(await ask(password("carol"))).toMatchObject({ ok: false });
      expect(flow.replaced).toEqual([]);
    });

    test("B20: never spoils the sign-in when the store can't be written, and that is told", async () => {
      const { flow, ask } = setUp();
      flow.queue.isOutdated = true;
      flow.faults.replace = new StoreUnavailable("read-only", "the store is read-only");
      expect(await ask(password("alice"))).toMatchObject({ ok: true });
      expect(flow.guard.asked.at(-1)).toBe("not renewed");
    });
  });

  test("C24: a store that fails is an exception, not a stranger", async () => {
    const { flow, ask } = setUp();
    flow.faults.find = new StoreUnavailable("busy", "the store is busy");
    await expect(ask(password("alice"))).rejects.toMatchObject({ reason: "busy" });
    expect(countHashes(flow)).toBe(0);
  });
});
