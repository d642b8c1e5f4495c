// Whether two patterns can name the same thing; the worked examples, and a property against names made of small words.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { mayOverlap, mayShareRepository } from "../../src/domain/image-overlap.js";
import { matchesRepository } from "../../src/domain/image-pattern.js";
import { pattern } from "../support/policy.js";

test.each([
  ["team/app", "team/app", true],
  ["team/app", "team/api", false],
  ["team/**", "team", false],
  ["team/**", "team/a/b", true],
  ["team/**", "*/app", true],
  ["team/*", "*/*/app", false],
  ["**", "a", true],
  ["a/**", "b/**", false],
  ["a/**/c", "a/*/c", true],
  ["a/**/c", "a/c", false],
  ["team/app-*", "team/*-x", true],
  ["team/app-*", "team/web", false],
])("%s and %s share a repository: %s", (a, b, isShared) => {
  expect([mayShareRepository(a, b), mayShareRepository(b, a)]).toEqual([isShared, isShared]);
});

test.each([
  ["app:v1", "app:v2", false],
  ["app:v*", "app:v2", true],
  ["app", "app:v2", true],
])("%s and %s overlap: %s", (a, b, isOverlap) => {
  expect(mayOverlap(pattern(a), pattern(b))).toBe(isOverlap);
});

test("two services keep entries apart, no service is every service", () => {
  expect(mayOverlap(pattern("app", "one"), pattern("app", "two"))).toBe(false);
  expect(mayOverlap(pattern("app", "one"), pattern("app"))).toBe(true);
});

test("whatever both patterns match, they are said to share", () => {
  const word = fc.constantFrom("a", "b", "ab");
  const segment = fc.constantFrom("a", "b", "ab", "*", "**", "a*", "*b");
  const path = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path(segment), path(segment), path(word), (one, other, name) => {
      fc.pre(matchesRepository(one, name) && matchesRepository(other, name));
      expect(mayShareRepository(one, other)).toBe(true);
    }),
  );
});
