// Passwords: equal work, bounded and fair, rules that say what is wrong without quoting.
import { expect, test } from "@jest/globals";
import { FairQueue } from "../../src/crypto/fair-queue.js";
import { createPasswordHasher } from "../../src/crypto/password-hasher.js";
import { createPasswordRules } from "../../src/crypto/password-rules.js";

const LIGHT = { memoryKib: 7168, iterations: 1, parallelism: 1, concurrency: 2, queueLimit: 64 };
const hasher = createPasswordHasher(LIGHT);
const verify = async (hash: string | null, password: string) => {
  const result = await hasher.verify(hash, password, { source: "test" });
  return result.ok ? result.value : result.error;
};
const hashOf = async (password: string) => {
  const result = await hasher.hash(password);
  return result.ok ? result.value : "";
};

test("a right password matches, a wrong one, an unknown account and a foreign hash do not", async () => {
  const hash = await hashOf("correct horse battery");
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=7168,t=1,p=1\$/);
  expect(await verify(hash, "correct horse battery")).toBe("match");
  expect(await verify(hash, "correct horse batterx")).toBe("mismatch");
  expect(await verify(null, "correct horse battery")).toBe("mismatch");
  expect(await verify("$2y$10$abc", "x")).toBe("mismatch");
});

test("B06, B08: too long never matches by being cut, nor does a NUL", async () => {
  const long = "x".repeat(256);
  const hash = await hashOf(long);
  expect(await verify(hash, long)).toBe("match");
  expect(await verify(hash, `${long}y`)).toBe("mismatch");
  expect(await verify(await hashOf("abc"), "abc\0def")).toBe("mismatch");
});

test("B07: the first 72 bytes of a longer password are not that password", async () => {
  const long = `${"correct-horse-".repeat(5)}0123456789`;
  expect(long).toHaveLength(80);
  const hash = await hashOf(long);
  expect(await verify(hash, long)).toBe("match");
  expect(await verify(hash, long.slice(0, 72))).toBe("mismatch");
});

test("B10: composed and decomposed letters are the same password", async () => {
  expect(await verify(await hashOf("caf\u00e9 au lait noir"), "cafe\u0301 au lait noir")).toBe(
    "match",
  );
});

test("other parameters are told, costs beyond the ceiling are not paid", async () => {
  const stronger = createPasswordHasher({ ...LIGHT, iterations: 2 });
  const hash = await hashOf("correct horse battery");
  const result = await stronger.verify(hash, "correct horse battery", { source: "test" });
  expect(result).toEqual({ ok: true, value: "match-outdated" });
  expect(await verify(hash.replace("m=7168", "m=9999999"), "correct horse battery")).toBe(
    "mismatch",
  );
});

const X = { source: "x", isKnown: false };

/** A queue with one place, which is taken until `release`, and `x` waiting so often; `order` says what has run. */
function busyQueue(limit: number, waiting: number) {
  const queue = new FairQueue(1, limit);
  const order: string[] = [];
  let release: () => void = () => undefined;
  const first = queue.run(X, () => new Promise<void>((resolve) => (release = resolve)));
  const add = (source: string, name: string, isKnown = false) =>
    queue.run({ source, isKnown }, async () => {
      order.push(name);
      return name;
    });
  const crowd = Array.from({ length: waiting }, (_, index) => add("x", `x${index + 1}`));
  const finish = async (...rest: readonly Promise<unknown>[]) => {
    release();
    await Promise.all([first, ...crowd, ...rest]);
  };
  return { queue, order, crowd, add, finish };
}

test("J01: the queue is bounded: beyond its limit the source that fills it is turned away", async () => {
  const { queue, order, add, finish } = busyQueue(4, 4);
  expect(queue.waiting).toBe(4);
  expect(await add("x", "x5")).toBeNull();
  expect(queue.waiting).toBe(4);
  await finish();
  expect(order).toEqual(["x1", "x2", "x3", "x4"]);
  expect(queue.waiting).toBe(0);
});

test("J02: the queue is fair between sources, the one that waits longest for a turn first", async () => {
  const { order, add, finish } = busyQueue(4, 3);
  await finish(add("y", "y1"));
  expect(order).toEqual(["x1", "y1", "x2", "x3"]);
});

test("J02: a full queue turns away the newest of the longest line for a source with fewer", async () => {
  const { queue, order, crowd, add, finish } = busyQueue(64, 64);
  const honest = add("y", "y1");
  expect(await crowd[63]).toBeNull();
  expect(queue.waiting).toBe(64);
  await finish(honest);
  expect(order.slice(0, 3)).toEqual(["x1", "y1", "x2"]);
  expect(order).toHaveLength(64);
});

test("J02: a flood from very many sources keeps nobody out who is known there", async () => {
  const { order, add, finish } = busyQueue(3, 0);
  const flood = ["a", "b", "c"].map((source) => add(source, source));
  const known = ["k", "l"].map((source) => add(source, source, true));
  expect(await add("d", "d")).toBeNull();
  expect(await Promise.all(flood.slice(0, 2))).toEqual([null, null]);
  await finish(...known, flood[2] ?? Promise.resolve());
  expect(order).toEqual(["k", "c", "l"]);
});

test("J02: known sources among themselves are fair, too", async () => {
  const { order, add, finish } = busyQueue(2, 0);
  const first = add("k", "k1", true);
  const second = add("k", "k2", true);
  const other = add("l", "l1", true);
  expect(await second).toBeNull();
  await finish(first, other);
  expect(order).toEqual(["k1", "l1"]);
});

test("J02: sources that wait with equally few don't push each other out", async () => {
  const { order, add, finish } = busyQueue(2, 1);
  const other = add("y", "y1");
  expect(await add("z", "z1")).toBeNull();
  expect(await add("y", "y2")).toBeNull();
  await finish(other);
  expect(order).toEqual(["x1", "y1"]);
});

test("J02: a honest sign-in a turn gets through a flood that never ends", async () => {
  const { order, add, finish } = busyQueue(64, 64);
  const answers: (string | null)[] = [];
  const pending: Promise<unknown>[] = [];
  for (let turn = 0; turn < 20; turn += 1) {
    for (let more = 0; more < 10; more += 1) pending.push(add("x", "more"));
    pending.push(add(`y${turn}`, "honest").then((answer) => answers.push(answer)));
  }
  await finish(...pending);
  expect(answers).toEqual(new Array(20).fill("honest"));
  expect(order.indexOf("honest")).toBe(1);
});

test("a hash whose turn comes too late is not made, and gives its place on", async () => {
  const hash = await hashOf("correct horse battery");
  const turn = { source: "test", mayStart: async () => false };
  expect(await hasher.verify(hash, "correct horse battery", turn)).toEqual({
    ok: false,
    error: "withheld",
  });
  expect(await verify(hash, "correct horse battery")).toBe("match");
});

test("the next hash starts when the verdict of the one before it has been taken in", async () => {
  const single = createPasswordHasher({ ...LIGHT, concurrency: 1 });
  const order: string[] = [];
  const guess = (name: string) =>
    single.verify(null, name, {
      source: name,
      mayStart: async () => {
        order.push(`start ${name}`);
        return true;
      },
      settled: async (verdict) => {
        await Promise.resolve();
        order.push(`${verdict} ${name}`);
      },
    });
  await Promise.all([guess("a"), guess("b")]);
  expect(order).toEqual(["start a", "mismatch a", "start b", "mismatch b"]);
});

test("a job that fails gives its place on", async () => {
  const queue = new FairQueue(1, 1);
  await expect(queue.run(X, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await queue.run(X, async () => 7)).toBe(7);
});

test("rules refuse what is short, long, common, repeated or the account's name", () => {
  const rules = createPasswordRules({ minLength: 8, classes: 0 });
  expect(rules.findFault("longer than twelve", "alice")).toBeNull();
  expect(rules.findFault("short", "alice")).toContain("at least 8");
  expect(rules.findFault("x".repeat(257), "alice")).toContain("at most 256");
  expect(rules.findFault("abcabcab", "alice")).toContain("repeats");
  expect(rules.findFault("Password1", "alice")).toContain("most common");
  expect(rules.findFault("developer", "developer")).toContain("account's name");
  expect(rules.findFault("abc\0defghij", "alice")).toContain("NUL");
  for (const end of ["\n", "\r", "\u0085", "\u2028"]) {
    expect(rules.findFault(`quiet-meadow${end}lantern`, "alice")).toContain("line end");
  }
  expect(rules.findFault("quiet-meadow\ud83dlantern", "alice")).toContain("half a character");
  expect(rules.findFault("\u{1F511}\u{1F512}\u{1F513}ab", "alice")).toContain("at least 8");
});

test("classes only where an operator asks for them; generated passwords pass every rule", () => {
  const rules = createPasswordRules({ minLength: 40, classes: 4 });
  expect(rules.findFault("only lower case letters and nothing else at all", "a")).toContain("4 of");
  const passwords = Array.from({ length: 50 }, () => rules.generate());
  expect(passwords.filter((password) => rules.findFault(password, "a") !== null)).toEqual([]);
  expect(new Set(passwords).size).toBe(50);
});
