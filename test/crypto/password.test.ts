// Passwords: equal work, bounded and fair, rules that say what is wrong without quoting.
import { expect, test } from "@jest/globals";
import { FairQueue } from "../../src/crypto/fair-queue.js";
import { createPasswordHasher } from "../../src/crypto/password-hasher.js";
import { createPasswordRules } from "../../src/crypto/password-rules.js";

const LIGHT = { memoryKib: 7168, iterations: 1, parallelism: 1, concurrency: 2, queueLimit: 64 };
const hasher = createPasswordHasher(LIGHT);
const verify = async (hash: string | null, password: string) => {
  const result = await hasher.verify(hash, password, "test");
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

test("B10: composed and decomposed letters are the same password", async () => {
  expect(await verify(await hashOf("caf\u00e9 au lait noir"), "cafe\u0301 au lait noir")).toBe(
    "match",
  );
});

test("other parameters are told, costs beyond the ceiling are not paid", async () => {
  const stronger = createPasswordHasher({ ...LIGHT, iterations: 2 });
  const hash = await hashOf("correct horse battery");
  const result = await stronger.verify(hash, "correct horse battery", "test");
  expect(result).toEqual({ ok: true, value: "match-outdated" });
  expect(await verify(hash.replace("m=7168", "m=9999999"), "correct horse battery")).toBe(
    "mismatch",
  );
});

test("J01, J02: the queue is bounded, and fair between sources", async () => {
  const queue = new FairQueue(1, 4);
  const order: string[] = [];
  let release: () => void = () => undefined;
  const first = queue.run("x", () => new Promise<void>((resolve) => (release = resolve)));
  const job = (name: string) => async () => void order.push(name);
  const rest = [
    queue.run("x", job("x1")),
    queue.run("x", job("x2")),
    queue.run("x", job("x3")),
    queue.run("y", job("y1")),
  ];
  expect(queue.waiting).toBe(4);
  expect(await queue.run("z", job("z1"))).toBeNull();
  release();
  await Promise.all([first, ...rest]);
  expect(order).toEqual(["x1", "y1", "x2", "x3"]);
  expect(queue.waiting).toBe(0);
});

test("a job that fails gives its place on", async () => {
  const queue = new FairQueue(1, 1);
  await expect(queue.run("x", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await queue.run("x", async () => 7)).toBe(7);
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
