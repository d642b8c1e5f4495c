// A question that passed is known again, and only as long as nothing changed that its answer was made of.
import { describe, expect, test } from "@jest/globals";
import { askGate } from "../../src/gate/ask-gate.js";
import type { GateContext } from "../../src/gate/gate-context.js";
import { readProxiedRequest, type ProxiedRequest } from "../../src/gate/proxied-request.js";
import { StoreUnavailable } from "../../src/domain/ports.js";
import {
  digest,
  fakeGate,
  gateAccount,
  gateToken,
  NOW,
  type FakeGate,
} from "../support/fake-gate.js";
import { exclusive, open } from "../support/policy.js";

const ALICE = gateAccount("alice", "view,pull,push");
const BOB = gateAccount("bob", "view,pull");
const [A, C] = [digest("a"), digest("c")];

interface Site {
  readonly gate: FakeGate;
  /** What was committed, by whomever. */
  readonly committed: { store: number; ledger: number };
  /** `pass`, why not, or `401`. */
  readonly ask: (request: ProxiedRequest, options?: AskOptions) => Promise<string>;
  /** So often were the rules read. */
  readonly readings: () => number;
}

interface AskOptions {
  readonly token?: string;
  readonly service?: string | null;
  readonly isKnownAgain?: boolean;
}

function read(path: string, method = "GET"): ProxiedRequest {
  const request = readProxiedRequest({ method, uri: `/v2/${path}`, contentTypes: [] });
  if (!request.ok) throw new Error(`${method} ${path} can't be read`);
  return request.value;
}

const TOKEN = gateToken(BOB);
const BY_TAG = read("app/manifests/7b-int4");
const BY_DIGEST = read(`app/manifests/${C}`);

function openSite(change: Partial<GateContext> = {}): Site {
  const images = [
    exclusive("app:7b-fp16", { alice: "pull,push" }),
    open("app:7b-int4", { "@authenticated": "pull" }),
  ];
  const gate = fakeGate([ALICE, BOB], images, change);
  gate.ledger.tags.set("7b-fp16", A).set("7b-int4", C);
  const committed = { store: 1, ledger: 1 };
  gate.versions.store = () => committed.store;
  gate.versions.ledger = () => committed.ledger;
  const { policyReader } = gate.context;
  let readings = 0;
  const context = {
    ...gate.context,
    policyReader: {
      findMatching: (...args: Parameters<typeof policyReader.findMatching>) => {
        readings += 1;
        return policyReader.findMatching(...args);
      },
    },
  };
  return {
    gate,
    committed,
    ask: async (request, { token = TOKEN, service = null, isKnownAgain = true } = {}) => {
      const asked = { request, service, isKnownAgain };
      const judged = await askGate(asked, [`Bearer ${token}`], context);
      if (!judged.ok) return "401";
      if (judged.value === "pass") return "pass";
      const { answer } = judged.value;
      return answer.kind === "denied" ? answer.denial.reason : answer.kind;
    },
    readings: () => readings,
  };
}

describe("a question that passed", () => {
  test.each([
    ["by tag", BY_TAG, 0],
    ["by digest", BY_DIGEST, 1],
    ["for the tags", read("app/tags/list"), 0],
    ["for what refers to it", read(`app/referrers/${C}`), 1],
  ])("%s is not decided twice in one second", async (_what, request, ledgerReads) => {
    const { ask, readings, gate } = openSite();
    for (let i = 0; i < 3; i += 1) expect(await ask(request)).toBe("pass");
    expect(readings()).toBe(1);
    expect(gate.ledger.reads).toBe(ledgerReads);
  });

  test("is a pull each time", async () => {
    const { ask, gate } = openSite();
    for (const request of [BY_TAG, BY_TAG, BY_DIGEST, BY_DIGEST]) await ask(request);
    const note = { service: "reg", repository: "app", account: "bob", method: "GET", at: NOW };
    const [byTag, byDigest] = [
      { ...note, tag: "7b-int4", digest: null },
      { ...note, tag: null, digest: C },
    ];
    expect(gate.ledger.pulls).toEqual([byTag, byTag, byDigest, byDigest]);
  });

  test("is what its account has asked for last, again", async () => {
    const { ask, gate } = openSite();
    const other = read("app/manifests/dev");
    gate.images.push(open("app:dev", { "@authenticated": "pull" }));
    for (const request of [BY_TAG, other, BY_TAG]) expect(await ask(request)).toBe("pass");
    const requester = { kind: "account", id: BOB.account.id } as never;
    const place = { service: "reg", repository: "app" };
    expect(gate.context.recentAsks.find(requester, place, NOW)).toEqual(["7b-int4", "dev"]);
  });

  test("by a credential with another account's number is another one", async () => {
    const { ask, readings } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    expect(await ask(BY_TAG, { token: gateToken(ALICE) })).toBe("pass");
    expect(readings()).toBe(2);
    expect(await ask(read("app/manifests/7b-fp16"), { token: gateToken(ALICE) })).toBe("pass");
    expect(await ask(read("app/manifests/7b-fp16"))).toBe("not-allowed");
  });

  test("for one service does not pass for another", async () => {
    const { ask } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    expect(await ask(BY_TAG, { service: "other" })).toBe("401");
    expect(await ask(BY_TAG, { service: "reg" })).toBe("pass");
    expect(await ask(BY_TAG, { service: "other" })).toBe("401");
  });

  test("passes no other text with the same end", async () => {
    const { ask } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    expect(await ask(BY_TAG, { token: `x${TOKEN}` })).toBe("401");
  });

  test("is decided anew in the next second, and its token may have ended", async () => {
    const { ask, gate, readings } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    gate.clock.ahead = 1;
    expect(await ask(BY_TAG)).toBe("pass");
    expect(readings()).toBe(2);
    gate.clock.ahead = 300;
    expect(await ask(BY_TAG)).toBe("401");
    // A clock that is set back finds nothing of what it knew.
    gate.clock.ahead = 0;
    expect(await ask(BY_TAG)).toBe("pass");
    expect(readings()).toBe(3);
  });
});

describe("what is committed counts for the next question (THREATS C18)", () => {
  test("a rule", async () => {
    const { ask, gate, committed } = openSite();
    for (const request of [BY_TAG, BY_DIGEST]) expect(await ask(request)).toBe("pass");
    gate.images.splice(1, 1, exclusive("app:7b-int4", { alice: "pull" }));
    committed.store += 1;
    expect(await ask(BY_TAG)).toBe("not-allowed");
    expect(await ask(BY_DIGEST)).not.toBe("pass");
  });

  test("an account that was disabled", async () => {
    const { ask, gate, committed } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    gate.accounts.splice(1, 1, gateAccount("bob", "view,pull", { isEnabled: false }));
    committed.store += 1;
    expect(await ask(BY_TAG)).toBe("401");
  });

  test("a tag that names another digest now", async () => {
    const { ask, gate, committed } = openSite();
    expect(await ask(BY_DIGEST)).toBe("pass");
    gate.ledger.tags.set("7b-int4", digest("d")).set("7b-fp16", C);
    committed.ledger += 1;
    expect(await ask(BY_DIGEST)).toBe("digest-not-allowed");
  });

  test.each([
    ["a digest", BY_DIGEST],
    ["a look at a digest", read(`app/manifests/${C}`, "HEAD")],
    ["a layer", read(`app/blobs/${C}`)],
    ["what refers to a digest", read(`app/referrers/${C}`)],
    ["an attachment", read(`app/manifests/sha256-${"c".repeat(64)}.sig`)],
  ])("in the ledger, for %s", async (_what, request) => {
    const { ask, gate, committed } = openSite({ decidesBlobs: true });
    expect(await ask(request)).toBe("pass");
    const { reads } = gate.ledger;
    expect(await ask(request)).toBe("pass");
    expect(gate.ledger.reads).toBe(reads);
    gate.ledger.tags.set("7b-int4", digest("d")).set("7b-fp16", C);
    committed.ledger += 1;
    expect(await ask(request)).not.toBe("pass");
  });

  test("a key that went out of use", async () => {
    const { ask, gate } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    gate.keys.generation += 1;
    expect(await ask(BY_TAG)).toBe("pass");
    expect(gate.verifications.count).toBe(2);
  });

  test("also what is committed while the question is decided", async () => {
    const { ask, committed, readings } = openSite();
    const asking = ask(BY_TAG);
    committed.store += 1;
    expect(await asking).toBe("pass");
    expect(await ask(BY_TAG)).toBe("pass");
    expect(readings()).toBe(2);
  });
});

describe("nothing is known again", () => {
  test("while the store can't be read: nothing passes", async () => {
    const { ask, gate } = openSite();
    expect(await ask(BY_TAG)).toBe("pass");
    const broken = new StoreUnavailable("failed", "the store is gone");
    gate.fault.store = broken;
    gate.versions.store = () => {
      throw broken;
    };
    await expect(ask(BY_TAG)).rejects.toThrow("the store is gone");
    await expect(ask(BY_TAG)).rejects.toThrow("the store is gone");
  });

  test("of digests while the ledger can't be read", async () => {
    const { ask, gate } = openSite();
    expect(await ask(BY_DIGEST)).toBe("pass");
    gate.fault.ledger = new StoreUnavailable("busy", "the ledger is busy");
    gate.versions.ledger = () => {
      throw gate.fault.ledger as Error;
    };
    expect(await ask(BY_DIGEST)).toBe("not-known-yet");
    expect(await ask(BY_TAG)).toBe("pass");
  });

  test("of anything, once the store can be read again with what was changed meanwhile", async () => {
    const { ask, gate, committed } = openSite();
    const answer = (): number => committed.store;
    expect(await ask(BY_TAG)).toBe("pass");
    gate.versions.store = () => {
      throw new StoreUnavailable("busy", "the store is busy");
    };
    expect(await ask(BY_TAG)).toBe("pass");
    gate.images.splice(1, 1, exclusive("app:7b-int4", { alice: "pull" }));
    expect(await ask(BY_TAG)).toBe("not-allowed");
    committed.store += 1;
    gate.versions.store = answer;
    expect(await ask(BY_TAG)).toBe("not-allowed");
  });

  test.each([
    ["the start", read("")],
    ["tags", read("app/tags/list")],
    ["a tag", BY_TAG],
    ["a layer, where layers are not decided", read(`app/blobs/${C}`)],
    ["an upload", read("app/blobs/uploads/", "POST")],
    ["a write", read(`app/manifests/${C}`, "PUT")],
  ])("of the ledger where it does not matter: %s", async (_what, request) => {
    const { ask, gate } = openSite();
    let looks = 0;
    gate.versions.ledger = () => {
      looks += 1;
      throw new Error("no such table");
    };
    expect(await ask(request, { token: gateToken(ALICE) })).toBe("pass");
    expect(looks).toBe(0);
  });

  test("and a ledger that fails is not looked at for a quarter of a second", async () => {
    let milliseconds = 1000;
    const { ask, gate } = openSite({ steadyMilliseconds: () => milliseconds });
    let looks = 0;
    gate.versions.ledger = () => {
      looks += 1;
      throw new Error("no such table");
    };
    for (let i = 0; i < 3; i += 1) expect(await ask(BY_DIGEST)).toBe("pass");
    expect(looks).toBe(1);
    milliseconds += 250;
    expect(await ask(BY_DIGEST)).toBe("pass");
    expect(looks).toBe(2);
  });

  test("of a request that is another object each time", async () => {
    const { ask, readings } = openSite();
    for (let i = 0; i < 2; i += 1) expect(await ask(BY_TAG, { isKnownAgain: false })).toBe("pass");
    expect(readings()).toBe(2);
  });

  test("of what was refused", async () => {
    const { ask, readings } = openSite();
    const closed = read("app/manifests/7b-fp16");
    for (let i = 0; i < 2; i += 1) expect(await ask(closed)).toBe("not-allowed");
    expect(readings()).toBe(2);
  });

  test("of what the registry was asked for", async () => {
    const { ask, gate } = openSite();
    gate.ledger.tags.clear();
    gate.registry.tags = new Map([["7b-int4", C]]);
    expect(await ask(BY_TAG)).toBe("pass");
    expect(await ask(BY_DIGEST)).toBe("pass");
    gate.registry.tags = new Map([["7b-int4", A]]);
    expect(await ask(BY_DIGEST)).not.toBe("pass");
  });

  test("of two Authorization headers, or none", async () => {
    const { gate } = openSite();
    const ask = (values: readonly string[]) =>
      askGate({ request: BY_TAG, service: null, isKnownAgain: true }, values, gate.context);
    const value = `Bearer ${TOKEN}`;
    expect(await ask([value])).toEqual({ ok: true, value: "pass" });
    expect(await ask([value, value])).toMatchObject({ error: { reason: "two-headers" } });
    expect(await ask([])).toMatchObject({ error: { reason: "none" } });
  });

  test("of more than ten thousand questions in one second", async () => {
    const { ask, readings } = openSite();
    const requests = Array.from({ length: 10_001 }, () => read("app/manifests/7b-int4"));
    for (const request of requests) await ask(request);
    expect(readings()).toBe(10_001);
    for (const request of requests) await ask(request);
    expect(readings()).toBe(10_002);
  });
});
