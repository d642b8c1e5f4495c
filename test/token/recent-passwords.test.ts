// What is remembered of right passwords: digests alone, for a while, so many; and hashes that several wait for.
import { inspect } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { createPasswordDigest } from "../../src/crypto/password-digest.js";
import { SharedFlights, RecentPasswords } from "../../src/token/recent-passwords.js";

describe("a digest", () => {
  const digest = createPasswordDigest();

  test("is the same for spellings of one password, another for each holder and process", () => {
    const one = digest("account:1:3", "caf\u00e9 au lait noir");
    expect(digest("account:1:3", "cafe\u0301 au lait noir")).toBe(one);
    expect(digest("account:1:4", "caf\u00e9 au lait noir")).not.toBe(one);
    expect(digest("account:2:3", "caf\u00e9 au lait noir")).not.toBe(one);
    expect(createPasswordDigest()("account:1:3", "caf\u00e9 au lait noir")).not.toBe(one);
  });

  test("does not run holder and password together", () => {
    expect(digest("account:1:1", "2x")).not.toBe(digest("account:1:12", "x"));
    expect(digest('a","b', "c")).not.toBe(digest("a", 'b","c'));
  });
});

describe("verified passwords", () => {
  test("are known for five minutes from the hash on, however often they come", () => {
    const verified = new RecentPasswords();
    verified.add("d", 100);
    expect([100, 250, 399, 400, 401].map((now) => verified.has("d", now))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(verified.has("other", 100)).toBe(false);
  });

  test("are ten thousand at most, and the one used longest ago goes", () => {
    const verified = new RecentPasswords();
    for (let at = 0; at < 10_000; at += 1) verified.add(`d${at}`, 0);
    expect(verified.has("d0", 1)).toBe(true);
    verified.add("one more", 1);
    expect(["d0", "d1", "d2", "one more"].map((key) => verified.has(key, 1))).toEqual([
      true,
      false,
      true,
      true,
    ]);
  });

  test("hold nothing but digests", () => {
    const verified = new RecentPasswords();
    verified.add(createPasswordDigest()("account:1:3", "quiet-canary-42"), 0);
    expect(inspect(verified, { showHidden: true, depth: 9 })).not.toContain("canary");
  });
});

describe("shared flights", () => {
  test("let equal acts at the same time wait for one, and later ones begin anew", async () => {
    const flights = new SharedFlights<number>();
    let count = 0;
    const act = async () => {
      await Promise.resolve();
      return (count += 1);
    };
    const answers = await Promise.all([
      flights.join("a", act),
      flights.join("a", act),
      flights.join("b", act),
    ]);
    expect(answers).toEqual([
      { isOwn: true, value: 1 },
      { isOwn: false, value: 1 },
      { isOwn: true, value: 2 },
    ]);
    expect(await flights.join("a", act)).toEqual({ isOwn: true, value: 3 });
  });

  test("keep nothing of one that failed", async () => {
    const flights = new SharedFlights<number>();
    const broken = () => Promise.reject(new Error("broken"));
    const both = [flights.join("a", broken), flights.join("a", broken)];
    expect(await Promise.allSettled(both)).toMatchObject([
      { status: "rejected" },
      { status: "rejected" },
    ]);
    expect(await flights.join("a", async () => 7)).toEqual({ isOwn: true, value: 7 });
  });
});
