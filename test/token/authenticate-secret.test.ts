// Personal tokens, robots' secrets and refresh tokens: what they prove, and every way in which they no longer do.
import { describe, expect, test } from "@jest/globals";
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import type { Credential, CredentialKind } from "../../src/domain/credential.js";
import { StoreUnavailable } from "../../src/domain/ports.js";
import { Secret } from "../../src/domain/secret.js";
import { authenticate, type Circumstances } from "../../src/token/authenticate.js";
import { authenticateSecret, type PresentedSecret } from "../../src/token/authenticate-secret.js";
import { issueToken } from "../../src/token/issue-token.js";
import type { FakeCredentials } from "../support/fake-credentials.js";
import { fakeFlow, NOW, password, signIn, tokenRequest } from "../support/fake-token.js";
import { open, pattern } from "../support/policy.js";

const DAY = 86_400;
const ALICE = signIn("alice", 1);
const BOB = signIn("bob", 2);
const ROBOT = {
  ...signIn("ci", 6, { kind: "robot", passwordChangedAt: null, ownerId: 1 }),
  passwordHash: null,
};
const FROM: Circumstances = {
  source: "192.0.2.0",
  sender: { address: "192.0.2.7", program: "docker/29.1.3" },
  service: "reg",
  now: NOW,
};
const SENDER = { address: "192.0.2.7", program: "docker/29.1.3" };

function setUp(change: Parameters<typeof fakeFlow>[2] = {}) {
  const flow = fakeFlow([ALICE, BOB, ROBOT], [], change);
  const ask = (presented: PresentedSecret, circumstances: Partial<Circumstances> = {}) =>
    authenticateSecret(presented, flow.context, { ...FROM, ...circumstances });
  const give: FakeCredentials["give"] = (...given) => flow.credentials.give(...given);
  return { flow, ask, give, ends: flow.credentials.ends };
}

const asPassword = (secret: string, name = "alice"): PresentedSecret => ({
  use: "sign-in",
  shape: credentialSecrets.read(secret),
  name,
});
const asLogin = (secret: string): PresentedSecret => ({
  use: "refresh",
  shape: credentialSecrets.read(secret),
});
const nameless = (secret: string): PresentedSecret => ({
  use: "nameless",
  shape: credentialSecrets.read(secret),
});
/** As each kind is meant to be presented by its holder. */
const asMeant = (kind: CredentialKind, secret: string): PresentedSecret =>
  kind === "refresh" ? asLogin(secret) : asPassword(secret, kind === "secret" ? "ci" : "alice");
const holderOf = (kind: CredentialKind) => (kind === "secret" ? ROBOT : ALICE);
const bad = (detail: string, holder?: object) => ({
  ok: false,
  error: { reason: "bad-credentials", detail, ...(holder === undefined ? {} : { holder }) },
});
const ended = (kind: CredentialKind, detail: string) => ({
  ok: false,
  error: {
    reason: "credential-ended",
    kind,
    detail,
    holder: { account: holderOf(kind).account.name, credential: `${kind}:1` },
  },
});
const KINDS: readonly CredentialKind[] = ["token", "secret", "refresh"];

describe("what a secret proves", () => {
  test.each(KINDS)("a %s is its account, found in one read and without a hash", async (kind) => {
    const { flow, ask, give } = setUp();
    const holder = holderOf(kind);
    const secret = give(kind, holder);
    expect(await ask(asMeant(kind, secret))).toMatchObject({
      ok: true,
      value: {
        requester: { kind: "account", name: holder.account.name, accountKind: holder.account.kind },
        holder: { account: holder.account.id, credential: `${kind}:1` },
        proof: kind,
      },
    });
    expect(flow.calls).toEqual([]);
    expect(flow.credentials.lookups.count).toBe(1);
    expect(flow.credentials.noted).toEqual([`1 ${SENDER.address}`]);
  });

  test("capitals of the name are folded, as with a password", async () => {
    const { ask, give } = setUp();
    expect(await ask(asPassword(give("token", ALICE), "Alice"))).toMatchObject({ ok: true });
  });

  test("E12: a token's ceiling is the requester's, and cuts what the account may", async () => {
    const flow = fakeFlow([ALICE], [open("team/app", { alice: "pull,push" })]);
    const secret = flow.credentials.give("token", ALICE, {
      ceiling: { kind: "narrowed", images: [pattern("team/app")], actions: ["pull"] },
    });
    const answer = await issueToken(
      tokenRequest({
        credential: password("alice", secret),
        wantsRefresh: true,
        scopes: [
          { type: "repository", name: "team/app", actions: ["pull", "push"] },
          { type: "repository", name: "team/other", actions: ["pull"] },
          { type: "registry", name: "catalog", actions: ["*"] },
        ],
      }),
      flow.context,
    );
    expect(answer).toMatchObject({
      ok: true,
      value: {
        access: [
          { name: "team/app", actions: ["pull"] },
          { name: "team/other", actions: [] },
          { name: "catalog", actions: [] },
        ],
        refreshToken: null,
      },
    });
  });

  test("E12: an admin's narrowed token is no admin's, and has no catalogue", async () => {
    const root = signIn("root", 4, { permissions: ["view", "pull", "push", "delete", "admin"] });
    const flow = fakeFlow([root], [open("team/app", {})]);
    const secret = flow.credentials.give("token", root, {
      ceiling: { kind: "narrowed", images: null, actions: ["pull"] },
    });
    const scopes = [
      { type: "repository", name: "team/app", actions: ["*"] },
      { type: "registry", name: "catalog", actions: ["*"] },
    ];
    const credential = password("root", secret);
    const answer = await issueToken(tokenRequest({ credential, scopes }), flow.context);
    const access = answer.ok ? answer.value.access : [];
    expect(access.flatMap(({ actions }) => actions).filter((word) => word !== "pull")).toEqual([]);
  });

  test("E03: a refresh has the rights of now, not those of its login", async () => {
    const weaker = signIn("alice", 1, { permissions: ["view", "pull"] });
    const flow = fakeFlow([weaker], [open("team/app", { alice: "pull,push" })]);
    const token = new Secret(flow.credentials.give("refresh", weaker));
    const answer = await issueToken(
      tokenRequest({
        credential: { kind: "refresh", token },
        scopes: [{ type: "repository", name: "team/app", actions: ["pull", "push", "delete"] }],
      }),
      flow.context,
    );
    expect(answer).toMatchObject({
      ok: true,
      value: { access: [{ actions: ["pull"] }], refreshToken: token.reveal() },
    });
  });

  test("a login is not kept where the account has changed since its password was looked at", async () => {
    const records = [ALICE];
    const { context } = fakeFlow(records);
    const sign = async () => {
      records[0] = signIn("alice", 1, { credentialVersion: 4 });
      return "token";
    };
    const request = tokenRequest({ wantsRefresh: true });
    const answer = await issueToken(request, { ...context, signer: { sign } });
    expect(answer).toMatchObject({ ok: true, value: { refreshToken: null } });
  });
});

describe("what no longer proves anything", () => {
  test.each<[string, Credential["end"]]>([
    ["revoked", { at: NOW - 9, reason: "revoked" }],
    ["ended by a new password", { at: NOW - 9, reason: "password-changed" }],
    ["ended with its account", { at: NOW - 9, reason: "account-disabled" }],
    ["displaced by another", { at: NOW - 9, reason: "displaced" }],
    ["rotated", { at: NOW - 9, reason: "rotated" }],
  ])("E04: what was %s is refused, whatever its kind", async (_how, end) => {
    for (const kind of KINDS) {
      const { ask, give, ends, flow } = setUp();
      const secret = give(kind, holderOf(kind), { end });
      expect(await ask(asMeant(kind, secret))).toEqual(ended(kind, end?.reason ?? ""));
      expect(ends).toEqual([]);
      expect(flow.credentials.noted).toEqual([]);
    }
  });

  test.each(KINDS)("E04: a %s of a disabled account is refused", async (kind) => {
    const { ask, give, ends } = setUp();
    const holder = holderOf(kind);
    const disabled = { ...holder, account: { ...holder.account, isEnabled: false } };
    expect(await ask(asMeant(kind, give(kind, disabled)))).toEqual(ended(kind, "account-disabled"));
    expect(ends).toEqual([]);
  });

  test.each(KINDS)("E04: a %s of an account past its end is refused", async (kind) => {
    const { ask, give, ends } = setUp();
    const holder = holderOf(kind);
    const over = { ...holder, account: { ...holder.account, expiresAt: NOW } };
    expect(await ask(asMeant(kind, give(kind, over)))).toEqual(ended(kind, "account-ended"));
    // Tokens live again when the account does; a login has ended for good.
    expect(ends).toEqual(kind === "refresh" ? ["1 account-ended"] : []);
  });

  test.each(KINDS)("E15: a %s works until just before its end, and not at it", async (kind) => {
    const { ask, give, ends } = setUp();
    const secret = give(kind, holderOf(kind), { expiresAt: NOW });
    expect(await ask(asMeant(kind, secret), { now: NOW - 1 })).toMatchObject({ ok: true });
    expect(ends).toEqual([]);
    expect(await ask(asMeant(kind, secret))).toEqual(ended(kind, "expired"));
    expect(ends).toEqual(["1 expired"]);
  });

  test("E15: an end that was recorded stays, with the clock set back an hour", async () => {
    const { ask, give } = setUp();
    const end = { at: NOW, reason: "expired" } as const;
    const secret = give("token", ALICE, { expiresAt: NOW, end });
    expect(await ask(asPassword(secret), { now: NOW - 3600 })).toEqual(ended("token", "expired"));
  });

  test("E15: an end that can't be recorded refuses all the same", async () => {
    const { ask, give, flow } = setUp();
    const secret = give("token", ALICE, { expiresAt: NOW });
    flow.credentials.store.noteEnd = () =>
      Promise.reject(new StoreUnavailable("read-only", "the store is read-only"));
    expect(await ask(asPassword(secret))).toEqual(ended("token", "expired"));
  });

  test("E05: a login ends when it was idle too long, counted from its last use", async () => {
    const at = (days: number) => ({ now: NOW + days * DAY });
    const { ask, give, ends } = setUp();
    const fresh = give("refresh", ALICE, { createdAt: NOW });
    expect(await ask(asLogin(fresh), at(89))).toMatchObject({ ok: true });
    expect(await ask(asLogin(fresh), at(90))).toEqual(ended("refresh", "idle"));
    const lastUse = { at: NOW + 80 * DAY, ...SENDER };
    const used = give("refresh", ALICE, { createdAt: NOW, lastUse });
    expect(await ask(asLogin(used), at(169))).toMatchObject({ ok: true });
    expect(ends).toEqual(["1 idle"]);
  });

  test("tokens and robots' secrets are never idle", async () => {
    const { ask, give } = setUp();
    for (const kind of ["token", "secret"] as const) {
      const secret = give(kind, holderOf(kind), { createdAt: 0 });
      expect(await ask(asMeant(kind, secret))).toMatchObject({ ok: true });
    }
  });

  test.each(KINDS)("a %s from before a restore is refused until confirmed", async (kind) => {
    const { ask, give, ends } = setUp();
    const secret = give(kind, holderOf(kind), { isUnconfirmed: true });
    expect(await ask(asMeant(kind, secret))).toMatchObject({
      ok: false,
      error: { reason: "unconfirmed", kind, holder: { credential: `${kind}:1` } },
    });
    expect(ends).toEqual([]);
  });

  test("E02: a login is for its one service", async () => {
    const { ask, give, ends } = setUp();
    const secret = give("refresh", ALICE);
    expect(await ask(asLogin(secret), { service: "other" })).toEqual(
      ended("refresh", "other-service"),
    );
    expect(ends).toEqual([]);
    expect(await ask(asLogin(secret))).toMatchObject({ ok: true });
  });

  test("where passwords age, so do the logins made with them, and tokens do not", async () => {
    const { ask, give } = setUp({ passwordMaxAgeDays: 1 });
    const login = give("refresh", ALICE);
    const token = give("token", ALICE);
    expect(await ask(asLogin(login))).toMatchObject({ ok: true });
    expect(await ask(asLogin(login), { now: NOW + 1 })).toEqual({
      ok: false,
      error: {
        reason: "password-too-old",
        holder: { account: "alice", credential: "refresh:1" },
      },
    });
    expect(await ask(asPassword(token), { now: NOW + 1 })).toMatchObject({ ok: true });
  });
});

describe("what was never meant so", () => {
  test("E11: what is mistyped asks no store", async () => {
    const { ask, flow } = setUp();
    const { secret } = credentialSecrets.make("refresh");
    const texts = [
      `${secret.slice(0, -1)}${secret.endsWith("a") ? "b" : "a"}`,
      `${secret}\0`,
      `dwl_${"A".repeat(1_000_000)}`,
      "dwp_' OR 1=1",
      "' OR 1=1",
      "",
    ];
    for (const text of texts) {
      for (const presented of [asLogin(text), asPassword(text), nameless(text)]) {
        expect(await ask(presented)).toEqual(bad("bad-secret"));
      }
    }
    expect(flow.credentials.lookups.count).toBe(0);
  });

  test("a good checksum that nobody was given is one read and no more", async () => {
    const { ask, flow } = setUp();
    const token = credentialSecrets.make("token").secret;
    expect(await ask(asPassword(token, "alice"))).toEqual(bad("bad-secret"));
    expect(flow.credentials.lookups.count).toBe(1);
  });

  test("a login that is forgotten with its account says that it has ended", async () => {
    const { ask, flow } = setUp();
    expect(await ask(asLogin(credentialSecrets.make("refresh").secret))).toEqual({
      ok: false,
      error: { reason: "credential-ended", kind: "refresh", detail: "unknown" },
    });
    expect(flow.credentials.lookups.count).toBe(1);
  });

  test.each(["bob", "nobody", "", "al\u0000ice"])(
    "somebody else's secret with the name %j proves nobody, dead or alive",
    async (name) => {
      const { ask, give, ends } = setUp();
      const alive = give("token", ALICE);
      const dead = give("token", ALICE, { expiresAt: NOW });
      for (const [id, secret] of [alive, dead].entries()) {
        const holder = { account: "alice", credential: `token:${id + 1}` };
        expect(await ask(asPassword(secret, name))).toEqual(bad("wrong-name", holder));
      }
      expect(ends).toEqual([]);
    },
  );

  test("a kind that its account can't have proves nobody", async () => {
    const { ask, give } = setUp();
    expect(await ask(asPassword(give("secret", ALICE)))).toEqual(bad("bad-secret"));
    expect(await ask(asPassword(give("token", ROBOT), "ci"))).toEqual(bad("bad-secret"));
    expect(await ask(asLogin(give("refresh", ROBOT)))).toEqual(bad("bad-secret"));
  });

  test.each(["token", "secret"] as const)("a %s does not refresh", async (kind) => {
    const { ask, give, flow } = setUp();
    const secret = give(kind, holderOf(kind));
    expect(await ask(asLogin(secret))).toEqual(bad("bad-secret"));
    expect(await ask(nameless(secret))).toEqual(bad("bad-secret"));
    expect(flow.credentials.lookups.count).toBe(0);
  });

  test("B05: a live login is no password, and is not used by the attempt", async () => {
    const { ask, give, flow } = setUp();
    const secret = give("refresh", ALICE);
    const holder = { account: "alice", credential: "refresh:1" };
    expect(await ask(asPassword(secret))).toEqual(bad("bad-secret", holder));
    expect(await ask(nameless(secret))).toEqual(bad("bad-secret", holder));
    expect(flow.credentials.noted).toEqual([]);
  });

  test("B05: a password alone proves nobody, at no cost", async () => {
    const { flow } = setUp();
    const token = flow.credentials.give("token", ALICE);
    for (const text of ["pw-alice", token, "dwl_x"]) {
      const credential = { kind: "nameless", password: new Secret(text) } as const;
      const answer = await authenticate(credential, flow.context, FROM);
      expect(answer).toEqual({ ok: false, error: { reason: "nameless" } });
    }
    expect(flow.calls).toEqual([]);
    expect(flow.credentials.lookups.count).toBe(0);
  });

  test("C24: a store that fails is an exception, not a stranger", async () => {
    const { ask, give, flow } = setUp();
    const secret = give("token", ALICE);
    flow.credentials.store.present = () =>
      Promise.reject(new StoreUnavailable("busy", "the store is busy"));
    await expect(ask(asPassword(secret))).rejects.toMatchObject({ reason: "busy" });
  });
});
