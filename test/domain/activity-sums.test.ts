// Sums of an hour: what is equal is counted, what is too much goes into one row, nothing is lost or written twice.
import { describe, expect, test } from "@jest/globals";
import { ActivitySums } from "../../src/domain/activity-sums.js";
import { formatReference, parseReference } from "../../src/domain/activity.js";
import { REFUSED, USE } from "../support/activity-site.js";

const HOUR = 3600;
const START = 500_000 * HOUR;
const from = (address: string, program = "docker/29.1.3") => ({ address, program });

function makeSums(): ActivitySums {
  let drawn = 0;
  return new ActivitySums(() => (drawn += 1));
}

describe("sums of tokens and refusals", () => {
  test("equal tokens of an hour are one row with first and last time and four addresses", () => {
    const sums = makeSums();
    for (let at = 0; at < 7; at += 1) sums.given(USE, from(`192.0.2.${at}`), START + at);
    sums.given(USE, from("192.0.2.0"), START + 60);
    const { tokens, refusals } = sums.take(100);
    expect(refusals).toEqual([]);
    expect(tokens).toHaveLength(1);
    expect(tokens[0]).toMatchObject({
      hour: 500_000,
      number: 0,
      sum: {
        ...USE,
        count: 8,
        firstAt: START,
        lastAt: START + 60,
        addresses: ["192.0.2.0", "192.0.2.1", "192.0.2.2", "192.0.2.3"],
        otherCount: 3,
        isRest: false,
      },
    });
  });

  test.each([
    ["another account", { account: "bob", accountId: 8 }],
    ["another account of the same name", { accountId: 9 }],
    ["another credential", { credential: "password:2" }],
    ["another service", { service: "archive" }],
    ["another image", { image: "team/other" }],
    ["other actions", { actions: "pull,push" }],
  ])("%s is another row", (_what, different) => {
    const sums = makeSums();
    sums.given(USE, from("192.0.2.1"), START);
    sums.given({ ...USE, ...different }, from("192.0.2.1"), START);
    expect(sums.take(100).tokens.map(({ sum }) => sum.count)).toEqual([1, 1]);
  });

  test("equal refusals share a reference, others and those of the next hour have their own", () => {
    const sums = makeSums();
    const first = sums.refused(REFUSED, from("192.0.2.1"), START);
    expect(sums.refused(REFUSED, from("192.0.2.2", "curl/8"), START + 1)).toBe(first);
    const other = sums.refused({ ...REFUSED, asked: "delete" }, from("192.0.2.1"), START + 1);
    const later = sums.refused(REFUSED, from("192.0.2.1"), START + HOUR);
    expect(new Set([first, other, later]).size).toBe(3);
    const rows = sums.take(100).refusals;
    expect(rows.map(({ sum }) => [sum.reference, sum.count, sum.asked, sum.program])).toEqual([
      [first, 2, "pull,push", "docker/29.1.3"],
      [other, 1, "delete", "docker/29.1.3"],
      [later, 1, "pull,push", "docker/29.1.3"],
    ]);
  });

  test("how a refusal was decided is asked for once, and not for an equal one or the row of the rest", () => {
    const sums = makeSums();
    let asked = 0;
    const refuse = (tried: string): number => {
      const path = (): string => `decided for the ${(asked += 1)}. time`;
      return sums.refused({ ...REFUSED, tried, path }, from("192.0.2.1"), START);
    };
    refuse("alice");
    refuse("alice");
    expect(asked).toBe(1);
    expect(sums.take(100).refusals[0]?.sum).toMatchObject({
      path: "decided for the 1. time",
      count: 2,
    });
    for (let at = 0; at < 4001; at += 1) refuse(`n${at}`);
    expect(asked).toBe(3000);
  });

  test("failed sign-ins of one name are one row, whatever they ask for", () => {
    const sums = makeSums();
    for (let at = 0; at < 20; at += 1) {
      const wish = { image: `i/${at}`, service: at % 2 === 0 ? "registry" : "archive" };
      const guess = { ...REFUSED, ...wish, isSignIn: true, reason: "bad_password" };
      sums.refused(guess, from("192.0.2.1"), START);
    }
    expect(sums.take(100).refusals.map(({ sum }) => [sum.image, sum.count])).toEqual([["i/0", 20]]);
  });

  test("a row that is taken comes again only when it has grown, whole and under its number", () => {
    const sums = makeSums();
    sums.given(USE, from("192.0.2.1"), START);
    const [first] = sums.take(100).tokens;
    expect(sums.take(100).tokens).toEqual([]);
    sums.given(USE, from("192.0.2.1"), START + 9);
    const [again] = sums.take(100).tokens;
    expect(again).toMatchObject({ writer: first?.writer, number: first?.number });
    expect(again?.sum).toMatchObject({ count: 2, firstAt: START, lastAt: START + 9 });
  });

  test("a batch that could not be written comes again, with what was counted meanwhile", () => {
    const sums = makeSums();
    sums.given(USE, from("192.0.2.1"), START);
    sums.refused(REFUSED, from("192.0.2.1"), START);
    const failed = sums.take(100);
    sums.given(USE, from("192.0.2.1"), START + 1);
    failed.putBack();
    const { tokens, refusals } = sums.take(100);
    expect(tokens.map(({ sum }) => sum.count)).toEqual([2]);
    expect(refusals.map(({ sum }) => sum.count)).toEqual([1]);
    expect(sums.lost).toBe(0);
  });

  test("a clock that is set back starts rows of another writer, so that none is written over", () => {
    const sums = makeSums();
    sums.given(USE, from("192.0.2.1"), START);
    sums.given(USE, from("192.0.2.1"), START - HOUR);
    sums.given(USE, from("192.0.2.1"), START);
    const rows = sums.take(100).tokens;
    expect(rows.map(({ hour, sum }) => [hour, sum.count])).toEqual([
      [500_000, 1],
      [499_999, 1],
      [500_000, 1],
    ]);
    expect(new Set(rows.map(({ writer }) => writer)).size).toBe(3);
  });

  test("what can't be written for hours is given up from 20,000 rows on, and counted", () => {
    const sums = makeSums();
    for (let hour = 0; hour < 5; hour += 1) {
      for (let at = 0; at < 5000; at += 1) {
        const use = { ...USE, accountId: at % 10, image: `i/${at}` };
        sums.given(use, from("192.0.2.1"), START + hour * HOUR);
      }
    }
    expect(sums.lost).toBe(5);
    const rows = sums.take(100_000).tokens;
    expect([rows.length, rows[0]?.hour, rows.at(-1)?.hour]).toEqual([20_000, 500_000, 500_004]);
  });
});

describe("references", () => {
  test.each([
    [0, "000000"],
    [31, "00000Z"],
    [32, "000010"],
    [2 ** 30 - 1, "ZZZZZZ"],
  ])("%d is written %s, and read again", (reference, text) => {
    expect(formatReference(reference)).toBe(text);
    expect(parseReference(text)).toBe(reference);
  });

  test("small letters and what looks like a digit are understood", () => {
    expect(parseReference("oolil0")).toBe(parseReference("001110"));
    expect(parseReference("7f3kzz")).toBe(parseReference("7F3KZZ"));
  });

  test.each(["", "7F3K", "7F3KZZZ", "7F3KZU", "7F3K-Z", "      "])("%j is none", (text) => {
    expect(parseReference(text)).toBeNull();
  });
});
