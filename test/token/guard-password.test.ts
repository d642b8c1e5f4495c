// Guessing by the rules of THREATS B12, on fakes for the ports: locks, what passes them, and what everything costs.
import { describe, expect, test } from "@jest/globals";
import { createPasswordHasher } from "../../src/crypto/password-hasher.js";
import { authenticate, type Circumstances } from "../../src/token/authenticate.js";
import type { TokenContext } from "../../src/token/issue-token.js";
import { fakeGuard, makeGuessStore } from "../support/fake-guard.js";
import { fakeFlow, NOW, password, signIn } from "../support/fake-token.js";

const RECORDS = [
  signIn("alice", 1),
  signIn("bob", 2),
  signIn("carol", 3, { isEnabled: false }),
  signIn("ended", 4, { expiresAt: NOW }),
];
const HERE = "192.0.2.1";
const ELSEWHERE = "198.51.100.7";
const HOME = "203.0.113.3";
const THROTTLED = { reason: "throttled", detail: "account", retryAfterSeconds: 60 };

function setUp(records = RECORDS, change: Partial<TokenContext> = {}) {
  const flow = fakeFlow(records, [], change);
  const ask = async (name: string, text = `pw-${name}`, source = HERE) => {
    const from: Circumstances = {
      source,
      sender: { address: source, program: "docker/29.1.3" },
      service: "reg",
      now: NOW,
    };
    const answer = await authenticate(password(name, text), flow.context, from);
    return answer.ok ? "in" : answer.error;
  };
  const guess = async (name: string, count: number, source = HERE) => {
    const answers: unknown[] = [];
    for (let at = 0; at < count; at += 1) answers.push(await ask(name, `guess-${at}`, source));
    return answers;
  };
  const countHashes = () => flow.calls.filter((call) => call === "verify").length;
  return { flow, ask, guess, countHashes, steady: flow.guard.steady };
}

const wrong = (detail: string) => ({ reason: "bad-credentials", detail });

describe("an account", () => {
  test.each([
    ["that exists", "alice", "bad-password"],
    ["that does not", "nobody", "unknown-account"],
    ["that is disabled", "carol", "bad-password"],
  ])(
    "B12: %s: the tenth distinct one is wrong, the eleventh waits",
    async (_which, name, detail) => {
      const { ask, guess, countHashes, steady } = setUp();
      expect(await guess(name, 10)).toEqual(new Array(10).fill(wrong(detail)));
      expect(await ask(name, "guess-10")).toEqual(THROTTLED);
      // Not even the right one, nor one that was tried before.
      expect(await ask(name)).toEqual(THROTTLED);
      expect(await ask(name, "guess-3")).toEqual(THROTTLED);
      expect(countHashes()).toBe(10);
      steady.seconds += 59;
      expect(await ask(name)).toMatchObject({ reason: "throttled", retryAfterSeconds: 1 });
      steady.seconds += 1;
      expect(await ask(name, "guess-11")).toEqual(wrong(detail));
      expect(await ask(name)).toMatchObject({ reason: "throttled", retryAfterSeconds: 120 });
    },
  );

  test("B12: known, unknown or disabled, each answer costs the same reads, writes and hashes", async () => {
    const costs: unknown[] = [];
    for (const name of ["alice", "nobody", "carol"]) {
      const { flow, guess } = setUp();
      await guess(name, 12);
      const who = /(account:\d+|name:\w+)$/;
      costs.push({
        calls: flow.calls.map((call) => call.replace(name, "NAME")),
        asked: flow.guard.asked.map((call) => call.replace(who, "TARGET")),
      });
    }
    expect(costs[1]).toEqual(costs[0]);
    expect(costs[2]).toEqual(costs[0]);
  });

  test("B12: passes with the right password after the lock, and once in needs no hash", async () => {
    const { ask, guess, countHashes, steady } = setUp();
    await guess("alice", 10);
    steady.seconds += 60;
    expect(await ask("alice")).toBe("in");
    expect(await ask("alice")).toBe("in");
    expect(countHashes()).toBe(11);
  });

  test("B12: its right password passes a lock from where it signed in before, while it has not used up its own", async () => {
    const { ask, guess, steady } = setUp();
    expect(await ask("alice", "pw-alice", HOME)).toBe("in");
    await guess("alice", 10, ELSEWHERE);
    expect(await ask("alice", "pw-alice", ELSEWHERE)).toEqual(THROTTLED);
    expect(await ask("alice", "pw-alice", HERE)).toEqual(THROTTLED);
    expect(await ask("alice", "pw-alice", HOME)).toBe("in");
    steady.seconds += 1;
    for (let at = 0; at < 10; at += 1) {
      expect(await ask("alice", `home-${at}`, HOME)).toEqual(wrong("bad-password"));
    }
    expect(await ask("alice", "pw-alice", HOME)).toMatchObject({ reason: "throttled" });
  });

  test("B11: capitals of a name are the same bucket", async () => {
    const { ask } = setUp();
    for (let at = 0; at < 10; at += 1) {
      await ask(["alice", "Alice", "ALICE"][at % 3] ?? "", `guess-${at}`);
    }
    expect(await ask("aLICE", "pw-alice")).toEqual(THROTTLED);
  });

  test("B11: a name that can be nobody's costs one hash and counts for its network alone", async () => {
    const { flow, ask, countHashes } = setUp();
    const names = ["alice ", " alice", "\uff41lice", "al\u0131ce", "al\u200bice", "\u0430lice"];
    for (const name of names) {
      expect(await ask(name, "pw-alice")).toEqual(wrong("unknown-account"));
    }
    expect(countHashes()).toBe(names.length);
    expect(new Set(flow.guard.asked)).toEqual(new Set(["look none", "fail none"]));
    for (let at = 0; at < 24; at += 1) await ask("alice ", `guess-${at}`);
    expect(await ask("bob", "pw-bob")).toMatchObject({ reason: "throttled", detail: "network" });
  });

  test("one stale password for ever is one failure, from however many machines", async () => {
    const { ask, steady } = setUp();
    for (let at = 0; at < 500; at += 1) {
      steady.seconds += 60;
      expect(await ask("alice", "last-year", `192.0.2.${at % 250}`)).toEqual(wrong("bad-password"));
    }
    expect(await ask("alice")).toBe("in");
  });

  test("the same password by POST and then by GET, as containerd sends it, is one failure", async () => {
    const { flow, ask } = setUp();
    for (let at = 0; at < 9; at += 1) {
      await ask("alice", `guess-${at}`);
      await ask("alice", `guess-${at}`);
    }
    expect(await ask("alice")).toBe("in");
    expect(flow.guard.asked.filter((call) => call === "fail account:1")).toHaveLength(18);
  });

  test("an inactive account's right password is a failure as any", async () => {
    const { flow, ask } = setUp();
    expect(await ask("carol")).toEqual(wrong("disabled"));
    expect(await ask("carol")).toEqual(wrong("disabled"));
    expect(await ask("ended")).toEqual(wrong("expired"));
    expect(flow.guard.asked).toEqual([
      "look account:3",
      "look account:3",
      "fail account:3",
      "look account:3",
      "fail account:3",
      "look account:4",
      "look account:4",
      "fail account:4",
    ]);
  });

  test("opens by `user unlock`, whose number is part of what is counted", async () => {
    const store = makeGuessStore();
    const guard = fakeGuard(store).guard;
    const before = setUp(RECORDS, { guard });
    await before.guess("alice", 10);
    expect(await before.ask("alice")).toEqual(THROTTLED);
    const after = setUp([signIn("alice", 1, { unlockMark: 1 })], { guard });
    expect(await after.ask("alice")).toBe("in");
  });

  test("is shut by a hundred, but for its own machines", async () => {
    const { ask, steady } = setUp();
    expect(await ask("alice", "pw-alice", HOME)).toBe("in");
    // Marks have 20 bits: of a hundred passwords two may look alike, of 120 more than a hundred never do.
    for (let at = 0; at < 120; at += 1) {
      steady.seconds += 1000;
      const answer = await ask("alice", `slow-${at}`, ELSEWHERE);
      if (at < 99) expect(answer).toEqual(wrong("bad-password"));
    }
    steady.seconds += 40 * 86_400;
    expect(await ask("alice")).toEqual({ ...THROTTLED, retryAfterSeconds: 900 });
    expect(await ask("alice", "pw-alice", HOME)).toBe("in");
  });
});

describe("a network", () => {
  test("B15: thirty names with one password lock it, and no account", async () => {
    const { ask } = setUp();
    const answers: unknown[] = [];
    for (let at = 0; at < 300; at += 1) answers.push(await ask(`user${at}`, "Summer2026!"));
    await ask("alice", "Summer2026!", ELSEWHERE);
    expect(answers.slice(0, 30)).toEqual(new Array(30).fill(wrong("unknown-account")));
    expect(new Set(answers.slice(30).map((answer) => JSON.stringify(answer)))).toEqual(
      new Set([JSON.stringify({ reason: "throttled", detail: "network", retryAfterSeconds: 60 })]),
    );
    expect(await ask("bob")).toMatchObject({ reason: "throttled", detail: "network" });
    expect(await ask("bob", "pw-bob", HOME)).toBe("in");
    // Verified a moment ago: no hash, nothing to guess at.
    expect(await ask("bob")).toBe("in");
  });

  test("that is locked lets those in who signed in from it before, also by a hash", async () => {
    const { ask, countHashes, steady } = setUp();
    expect(await ask("alice")).toBe("in");
    steady.seconds += 300;
    for (let at = 0; at < 30; at += 1) await ask(`user${at}`, "Summer2026!");
    expect(await ask("bob")).toMatchObject({ reason: "throttled", detail: "network" });
    expect(await ask("alice")).toBe("in");
    expect(countHashes()).toBe(32);
  });

  test("B15: success is never counted: a thousand clients behind one address", async () => {
    const records = Array.from({ length: 1000 }, (_, id) => signIn(`client${id}`, id + 1));
    const { ask } = setUp(records);
    const answers = await Promise.all(records.map(({ account }) => ask(account.name)));
    expect(answers).toEqual(new Array(1000).fill("in"));
    expect(await Promise.all(records.map(({ account }) => ask(account.name)))).toEqual(answers);
  });

  test("one stale password of one client locks nobody else behind its address", async () => {
    const { ask } = setUp();
    for (let at = 0; at < 200; at += 1) await ask("alice", "last-year");
    expect(await ask("bob")).toBe("in");
    expect(await ask("alice")).toBe("in");
  });
});

describe("what was verified a moment ago", () => {
  test("costs no hash for five minutes, from anywhere", async () => {
    const { ask, countHashes, steady } = setUp();
    await ask("alice");
    steady.seconds += 299;
    expect(await ask("alice", "pw-alice", ELSEWHERE)).toBe("in");
    expect(countHashes()).toBe(1);
    steady.seconds += 1;
    expect(await ask("alice")).toBe("in");
    expect(countHashes()).toBe(2);
  });

  test("costs no further hash if it was wrong, whoever's it was, and tells the same", async () => {
    const { ask, countHashes } = setUp();
    for (const name of ["alice", "nobody", "carol", "alice", "nobody", "carol"]) {
      expect(await ask(name, "wrong-password")).not.toBe("in");
    }
    expect(countHashes()).toBe(3);
    expect(await ask("alice", "wrong-password")).toEqual(wrong("bad-password"));
    expect(await ask("alice")).toBe("in");
  });

  test("J02: a few wrong passwords, repeated from very many networks, cost a few hashes", async () => {
    const { ask, countHashes } = setUp();
    for (let at = 0; at < 200; at += 1) await ask("alice", `stale-${at % 4}`, `203.0.113.${at}`);
    expect(countHashes()).toBe(4);
  });

  test("B19: ends with the version of the credential, and with the account", async () => {
    const { flow, ask, countHashes } = setUp();
    await ask("alice");
    const { guard } = flow.context;
    const changed = { ...signIn("alice", 1, { credentialVersion: 4 }), passwordHash: "pw-new" };
    const next = setUp([changed], { guard });
    expect(await next.ask("alice")).toEqual(wrong("bad-password"));
    expect(next.countHashes()).toBe(1);
    const disabled = setUp([signIn("alice", 1, { expiresAt: NOW })], { guard });
    expect(await disabled.ask("alice")).toEqual(wrong("expired"));
    expect([countHashes(), disabled.countHashes()]).toEqual([1, 0]);
  });

  test("does not pass the lock of its account from where it never was", async () => {
    const { ask, guess } = setUp();
    await ask("alice", "pw-alice", HOME);
    await guess("alice", 10, ELSEWHERE);
    expect(await ask("alice", "pw-alice", HERE)).toEqual(THROTTLED);
  });
});

describe("many at once", () => {
  const light = { memoryKib: 7168, iterations: 1, parallelism: 1, concurrency: 2, queueLimit: 512 };

  test("first sign-ins with one credential share one hash, whatever their addresses", async () => {
    const { ask, countHashes, flow } = setUp();
    const from = (at: number) => ask("alice", "pw-alice", `192.0.2.${at}`);
    const answers = await Promise.all(Array.from({ length: 50 }, (_, at) => from(at)));
    expect(answers).toEqual(new Array(50).fill("in"));
    expect(countHashes()).toBe(1);
    expect(flow.guard.asked.filter((call) => call === "known 1")).toHaveLength(50);
  });

  test("equal wrong ones share a hash, too, and count for each address", async () => {
    const { ask, countHashes } = setUp();
    const wrongs = Array.from({ length: 50 }, (_, at) => ask("alice", "wrong", `192.0.2.${at}`));
    expect(await Promise.all(wrongs)).toEqual(new Array(50).fill(wrong("bad-password")));
    expect(countHashes()).toBe(1);
    expect(await ask("alice")).toBe("in");
  });

  test("an outdated hash is renewed once", async () => {
    const { ask, flow } = setUp();
    flow.queue.isOutdated = true;
    await Promise.all(Array.from({ length: 20 }, () => ask("alice")));
    expect(flow.replaced).toHaveLength(1);
  });

  test.each(["alice", "nobody"])(
    "B12: a burst of 200 wrong ones for %s costs no more hashes than the limit and those under way",
    async (name) => {
      const real = createPasswordHasher(light);
      let hashes = 0;
      const hasher: typeof real = {
        ...real,
        verify: (hash, text, turn) =>
          real.verify(hash, text, {
            ...turn,
            settled: async (verdict) => {
              hashes += 1;
              await turn.settled?.(verdict);
            },
          }),
      };
      const { ask } = setUp(RECORDS, { hasher });
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, at) => ask(name, `guess-${at}`, `192.0.2.${at}`)),
      );
      expect(hashes).toBeGreaterThanOrEqual(10);
      expect(hashes).toBeLessThanOrEqual(10 + light.concurrency);
      const throttled = answers.filter(
        (answer) => typeof answer === "object" && answer.reason === "throttled",
      );
      expect(throttled).toHaveLength(200 - hashes);
    },
  );

  test("J02: whoever waits for another's hash that was turned away tries by itself", async () => {
    const { flow, ask } = setUp();
    const { hasher } = flow.context;
    let calls = 0;
    const moody: typeof hasher = {
      ...hasher,
      verify: async (hash, text, turn) => {
        calls += 1;
        await Promise.resolve();
        return turn.source === HERE
          ? { ok: false, error: "busy" }
          : hasher.verify(hash, text, turn);
      },
    };
    const next = setUp(RECORDS, { hasher: moody, guard: flow.context.guard });
    const [first, second] = await Promise.all([
      next.ask("alice", "pw-alice", HERE),
      next.ask("alice", "pw-alice", ELSEWHERE),
    ]);
    expect([first, second, calls]).toEqual([{ reason: "busy" }, "in", 2]);
    expect(await ask("alice")).toBe("in");
  });
});
