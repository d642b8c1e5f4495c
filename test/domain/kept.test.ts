// What is worked out once: the same answers as without, within bounds, and nothing kept that may be a secret.
import { expect, test } from "@jest/globals";
import { decide } from "../../src/domain/decision.js";
import { decideOnce } from "../../src/domain/kept-decisions.js";
import { keepByObject, keepValues } from "../../src/domain/kept-values.js";
import { ANONYMOUS } from "../../src/domain/requester.js";
import { OFF, open } from "../support/policy.js";

const images = [open("team/app", { "@anonymous": "pull" })];
const target = { service: "registry", repository: "team/app", tag: null };
const input = { requester: ANONYMOUS, target, images, policy: OFF };

test("a decision is made once for the same policy, images, requester and target", () => {
  const first = decideOnce(input);
  expect(first).toEqual(decide(input));
  expect(decideOnce({ ...input, target: { ...target } })).toBe(first);
});

test("another target, list of images or policy is decided anew", () => {
  const first = decideOnce(input);
  const others = [
    { ...input, target: { ...target, repository: "team/other" } },
    { ...input, target: { ...target, service: "other" } },
    { ...input, target: { ...target, tag: "v1" } },
    { ...input, images: [] },
    { ...input, policy: { ...OFF } },
    { ...input, requester: { ...ANONYMOUS } },
  ];
  for (const other of others) {
    expect(decideOnce(other)).not.toBe(first);
    expect(decideOnce(other)).toEqual(decide(other));
  }
});

test("any number of tags is decided rightly", () => {
  for (let number = 0; number < 1000; number += 1) {
    const one = { ...input, target: { ...target, tag: `v${number}` } };
    expect(decideOnce(one).allowed).toEqual(["pull"]);
  }
});

test("many repositories with some tags each displace what was decided before", () => {
  const first = decideOnce(input);
  const lists = Array.from({ length: 500 }, () => [...images]);
  for (const list of lists) {
    for (let number = 0; number < 20; number += 1) {
      decideOnce({ ...input, images: list, target: { ...target, tag: `v${number}` } });
    }
  }
  expect(decideOnce(input)).not.toBe(first);
  expect(decideOnce(input)).toEqual(first);
});

test("a value is worked out once a text, long texts and those that may not be kept each time", () => {
  const worked: string[] = [];
  const value = keepValues(
    (text) => {
      worked.push(text);
      return text.length;
    },
    (text) => text !== "secret",
  );
  const long = "x".repeat(1025);
  for (const text of ["a", "a", "secret", "secret", long, long])
    expect(value(text)).toBe(text.length);
  expect(worked).toEqual(["a", "secret", "secret", long, long]);
});

test("the oldest of a thousand values makes room", () => {
  let worked = 0;
  const value = keepValues((text) => {
    worked += 1;
    return text;
  });
  for (let number = 0; number <= 1000; number += 1) value(String(number));
  value("1000");
  expect(worked).toBe(1001);
  value("0");
  expect(worked).toBe(1002);
});

test("a value of an object is the same one as long as it is the same object", () => {
  const value = keepByObject(({ name }: { readonly name: string }) => ({ length: name.length }));
  const one = { name: "one" };
  expect(value(one)).toEqual({ length: 3 });
  expect(value(one)).toBe(value(one));
  expect(value({ ...one })).not.toBe(value(one));
});
