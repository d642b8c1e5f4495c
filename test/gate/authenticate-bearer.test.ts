// Whose token is it, as things are now? Ends count at once, without leeway.
import { describe, expect, test } from "@jest/globals";
import { authenticateBearer } from "../../src/gate/authenticate-bearer.js";
import type { VerifiedToken } from "../../src/domain/token.js";
import { fakeGate, gateAccount, gateToken, NOW, type FakeGate } from "../support/fake-gate.js";

const ALICE = gateAccount("alice", "view,pull,push");

async function judge(gate: FakeGate, values: readonly string[], service: string | null = null) {
  const answer = await authenticateBearer(values, service, gate.context, gate.context.clock.now());
  if (answer.ok) return answer.value;
  return "detail" in answer.error ? answer.error.detail : answer.error.reason;
}

const bearer = (change: Partial<VerifiedToken> & { credential?: string } = {}): string[] => [
  `Bearer ${gateToken(ALICE, change)}`,
];

describe("the header", () => {
  test.each([[[]], [["Basic YWxpY2U6cHc="]], [["Digest x"]], [[""]]])(
    "%j is not ours to judge",
    async (values) => {
      expect(await judge(fakeGate([ALICE], []), values)).toBe("none");
    },
  );

  test.each(["Bearer", "bearer x", "BEARER\tx", "Bearer  x", "Bearerx", " Bearer x y", "Bearer ,"])(
    "D14: %j is judged, whatever a registry would make of it",
    async (value) => {
      expect(await judge(fakeGate([ALICE], []), [value])).toBe("unverified");
    },
  );

  test.each(["Bearer ", "bearer ", "BEARER\t", "Bearer   "])(
    "%j takes a good token",
    async (word) => {
      const [header = ""] = bearer();
      const answer = await judge(fakeGate([ALICE], []), [word + header.slice("Bearer ".length)]);
      expect(answer).toMatchObject({ service: "reg", credential: "password:1" });
    },
  );

  test("A12: two of them are refused, equal or not", async () => {
    const gate = fakeGate([ALICE], []);
    expect(await judge(gate, [...bearer(), ...bearer()])).toBe("two-headers");
    expect(await judge(gate, ["Basic eDp5", ...bearer()])).toBe("two-headers");
  });
});

describe("the token", () => {
  test.each([
    ["issuer", { issuer: "other" }],
    ["audience", { audience: "elsewhere" }],
    ["expired", { expiresAt: NOW }],
    ["expired", { expiresAt: NOW - 1 }],
    ["account-ended", { holder: { account: 999, credential: "password:1" } }],
    ["account-ended", { subject: "alison" }],
    ["credential-ended", { credential: "token:77" }],
    ["credential-ended", { credential: "nonsense" }],
    ["credential-ended", { credential: "" }],
    // Made before the password was changed.
    ["credential-ended", { issuedAt: NOW - 86_401 }],
    ["credential-ended", { issuedAt: NOW - 86_400, credential: "password:0" }],
  ] as const)("%s: %j is refused", async (detail, change) => {
    expect(await judge(fakeGate([ALICE], []), bearer(change))).toBe(detail);
  });

  test("a proxy of one service takes tokens for that service alone", async () => {
    const gate = fakeGate([ALICE], []);
    expect(await judge(gate, bearer({ audience: "other" }))).toMatchObject({ service: "other" });
    expect(await judge(gate, bearer({ audience: "other" }), "reg")).toBe("audience");
  });

  test("is good until just before its end", async () => {
    const gate = fakeGate([ALICE], []);
    gate.clock.ahead = 299;
    expect(await judge(gate, bearer())).toMatchObject({ service: "reg" });
    gate.clock.ahead = 300;
    expect(await judge(gate, bearer())).toBe("expired");
  });

  test("is verified once, and anew when the keys have changed", async () => {
    const gate = fakeGate([ALICE], []);
    for (let i = 0; i < 5; i += 1) await judge(gate, bearer());
    expect(gate.verifications.count).toBe(1);
    gate.keys.generation += 1;
    await judge(gate, bearer());
    expect(gate.verifications.count).toBe(2);
  });

  test("anonymous ones stay anonymous", async () => {
    const answer = await judge(fakeGate([ALICE], []), [`Bearer ${gateToken(null)}`]);
    expect(answer).toEqual({ requester: { kind: "anonymous" }, service: "reg", credential: "" });
  });

  test("one with a name and no word of whose it is must be fetched anew: an earlier release wrote it", async () => {
    const answer = await judge(fakeGate([ALICE], []), bearer({ holder: null }));
    expect(answer).toBe("unverified");
  });
});

describe("E04: the account and the credential as they are now", () => {
  test("a disabled account and one past its end are refused", async () => {
    const disabled = gateAccount("alice", "pull", { isEnabled: false });
    expect(await judge(fakeGate([disabled], []), bearer())).toBe("account-ended");
    const ended = gateAccount("alice", "pull", { expiresAt: NOW });
    expect(await judge(fakeGate([ended], []), bearer())).toBe("account-ended");
  });

  test("rights are those of now, not those at the token's making", async () => {
    const gate = fakeGate([gateAccount("alice", "pull")], []);
    expect(await judge(gate, bearer())).toMatchObject({ requester: { permissions: ["pull"] } });
  });

  test("a personal token brings its ceiling, and ends with its row", async () => {
    const gate = fakeGate([ALICE], []);
    const images = [{ service: null, repository: "app", tag: "dev-*" }];
    const ceiling = { kind: "narrowed", images, actions: null } as const;
    gate.credentials.give("token", ALICE, { ceiling, expiresAt: NOW + 100 });
    const values = bearer({ credential: "token:1" });
    expect(await judge(gate, values)).toMatchObject({ requester: { ceiling } });
    gate.clock.ahead = 100;
    expect(await judge(gate, values)).toBe("credential-ended");
    const ended = fakeGate([ALICE], []);
    ended.credentials.give("token", ALICE, { end: { at: NOW, reason: "revoked" } });
    expect(await judge(ended, values)).toBe("credential-ended");
    const waiting = fakeGate([ALICE], []);
    waiting.credentials.give("token", ALICE, { isUnconfirmed: true });
    expect(await judge(waiting, values)).toBe("credential-ended");
  });

  test("a credential of another account proves nobody", async () => {
    const bob = gateAccount("bob", "pull");
    const gate = fakeGate([ALICE, bob], []);
    gate.credentials.give("token", bob);
    expect(await judge(gate, bearer({ credential: "token:1" }))).toBe("account-ended");
  });
});
