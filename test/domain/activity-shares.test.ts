// What one account or all strangers may take of an hour, and of what waits to be written; the others keep theirs.
import { describe, expect, test } from "@jest/globals";
import { ActivitySums } from "../../src/domain/activity-sums.js";
import { from, REFUSED, USE } from "../support/activity-site.js";

const START = 500_000 * 3600;
const HERE = from("192.0.2.1");

function makeSums(): ActivitySums {
  let drawn = 0;
  return new ActivitySums(() => (drawn += 1));
}

describe("the rows of an hour", () => {
  test("beyond 5,000, what is new is one row of each share that names nothing; known rows go on", () => {
    const sums = makeSums();
    for (let at = 0; at < 6000; at += 1) {
      sums.given({ ...USE, accountId: at % 20, image: `i/${at}` }, HERE, START);
      sums.refused({ ...REFUSED, tried: `n${at}` }, HERE, START);
    }
    sums.given({ ...USE, accountId: 0, image: "i/0" }, HERE, START + 5);
    const { tokens, refusals } = sums.take(100_000);
    expect([tokens.length, refusals.length]).toEqual([4001, 3001]);
    expect(tokens[0]?.sum).toMatchObject({ image: "i/0", count: 2 });
    expect(tokens[4000]?.sum).toMatchObject({ isRest: true, account: "", image: "", count: 2000 });
    expect(refusals[3000]?.sum).toMatchObject({ isRest: true, tried: "", path: "", count: 3000 });
  });

  test("a flood of strangers hides no account, in either order", () => {
    const sums = makeSums();
    const flood = (round: number): void => {
      for (let at = 0; at < 6000; at += 1) {
        const image = `${round}/${at}`;
        sums.given({ ...USE, account: "", accountId: null, image }, HERE, START);
        const guess = { ...REFUSED, isStranger: true, tried: `n${at}`, reason: "unknown_account" };
        sums.refused(guess, HERE, START);
      }
    };
    flood(1);
    sums.given(USE, HERE, START);
    sums.refused(REFUSED, HERE, START);
    flood(2);
    const { tokens, refusals } = sums.take(100_000);
    expect([tokens.length, refusals.length]).toEqual([1002, 1002]);
    expect(tokens.filter(({ sum }) => sum.account === "alice")).toHaveLength(1);
    expect(refusals.filter(({ sum }) => sum.tried === "alice")).toHaveLength(1);
  });

  test("a flood of one account hides neither another's requests nor anybody's wrong password", () => {
    const sums = makeSums();
    for (let at = 0; at < 9000; at += 1) {
      const image = `flood/${at}`;
      sums.given({ ...USE, account: "mallory", accountId: 7, image }, HERE, START);
      sums.refused({ ...REFUSED, tried: "mallory", image }, HERE, START);
    }
    sums.given(USE, HERE, START);
    sums.refused(REFUSED, HERE, START);
    sums.refused({ ...REFUSED, isSignIn: true, reason: "bad_password" }, HERE, START);
    const { tokens, refusals } = sums.take(100_000);
    expect(tokens.filter(({ sum }) => sum.account === "mallory")).toHaveLength(500);
    expect(refusals.filter(({ sum }) => sum.tried === "mallory")).toHaveLength(500);
    expect(tokens.filter(({ sum }) => sum.account === "alice")).toHaveLength(1);
    expect(
      refusals.flatMap(({ sum }) => (sum.tried === "alice" ? [sum.reason] : [])).sort(),
    ).toEqual(["bad_password", "not_allowed"]);
  });

  test("wrong passwords for many accounts take no row of what accounts were refused", () => {
    const sums = makeSums();
    for (let at = 0; at < 6000; at += 1) {
      const guess = { ...REFUSED, tried: `n${at}`, isSignIn: true, reason: "bad_password" };
      sums.refused(guess, HERE, START);
    }
    sums.refused(REFUSED, HERE, START);
    const { refusals } = sums.take(100_000);
    expect(refusals).toHaveLength(1002);
    expect(refusals.at(-1)?.sum).toMatchObject({ tried: "alice", isRest: false });
  });

  test("the next hour begins with whole shares", () => {
    const sums = makeSums();
    for (const hour of [0, 3600]) {
      for (let at = 0; at < 600; at += 1) {
        sums.refused({ ...REFUSED, image: `i/${at}` }, HERE, START + hour);
      }
    }
    const { refusals } = sums.take(100_000);
    expect(refusals.map(({ sum }) => sum.isRest).filter(Boolean)).toHaveLength(2);
    expect(refusals).toHaveLength(1002);
  });
});

describe("last uses that wait", () => {
  test("they are kept where the rows of the hour are full", () => {
    const sums = makeSums();
    for (let at = 0; at < 600; at += 1) sums.given({ ...USE, image: `i/${at}` }, HERE, START);
    sums.given({ ...USE, account: "late", accountId: 9, image: "solo" }, HERE, START + 1);
    sums.given({ ...USE, account: "", accountId: null }, HERE, START + 2);
    const batch = sums.take(100_000);
    expect(batch.uses).toHaveLength(603);
    expect(batch.uses).toContainEqual({ accountId: 2, image: "i/599", lastAt: START });
    expect(batch.uses).toContainEqual({ accountId: 9, image: "", lastAt: START + 1 });
    expect(batch.uses).toContainEqual({ accountId: 9, image: "solo", lastAt: START + 1 });
    sums.given({ ...USE, image: "i/0" }, HERE, START + 5);
    batch.putBack();
    const again = sums.take(100_000).uses;
    expect(again).toHaveLength(603);
    expect(again).toContainEqual({ accountId: 2, image: "i/0", lastAt: START + 5 });
  });

  test("an account keeps its newest 1,000, and what it uses again stays", () => {
    const sums = makeSums();
    for (let at = 0; at < 3000; at += 1) {
      sums.given({ ...USE, image: `i/${at}` }, HERE, START + at);
      sums.given({ ...USE, image: "base" }, HERE, START + at);
    }
    const { uses } = sums.take(100_000);
    expect(uses).toHaveLength(1001);
    expect(uses).toContainEqual({ accountId: 2, image: "base", lastAt: START + 2999 });
    expect(uses).toContainEqual({ accountId: 2, image: "i/2999", lastAt: START + 2999 });
    expect(uses.some(({ image }) => image === "i/0")).toBe(false);
  });

  test("floods of many accounts take nothing from one that uses little", () => {
    const sums = makeSums();
    sums.given({ ...USE, accountId: 1000, image: "first" }, HERE, START);
    for (let account = 0; account < 60; account += 1) {
      for (let at = 0; at < 1500; at += 1) {
        sums.given({ ...USE, accountId: account, image: `i/${at}` }, HERE, START);
      }
    }
    sums.given({ ...USE, accountId: 1001, image: "last" }, HERE, START);
    const { uses } = sums.take(1_000_000);
    const images = uses.filter(({ image }) => image !== "");
    expect(images.map(({ image }) => image)).toEqual(expect.arrayContaining(["first", "last"]));
    expect(images.length).toBeLessThan(45_000);
  });
});
