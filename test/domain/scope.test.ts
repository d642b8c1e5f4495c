// Scopes, repository names and image patterns: what is well-formed, what matches, what lies inside what.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  isInside,
  matchesRepository,
  matchesTag,
  parseImagePattern,
} from "../../src/domain/image-pattern.js";
import { isRepositoryName } from "../../src/domain/repository-name.js";
import { parseScopes } from "../../src/domain/scope.js";
import { parseName } from "../../src/domain/account.js";
import { pattern } from "../support/policy.js";
import { scaled } from "../support/scale.js";

const repo = (name: string, ...actions: string[]) => ({ type: "repository", name, actions });

describe("scopes", () => {
  test.each([
    ["A05: none", [], []],
    ["A05: empty and spaces only", ["", "  "], []],
    [
      "A05: double and trailing spaces",
      ["repository:a:pull  repository:b:pull "],
      [repo("a", "pull"), repo("b", "pull")],
    ],
    [
      "A03: repeated and space-joined are the same",
      ["repository:a:pull", "repository:b:push"],
      [repo("a", "pull"), repo("b", "push")],
    ],
    [
      "C17: one resource is merged",
      ["repository:a:pull repository:a:pull,push"],
      [repo("a", "pull", "push")],
    ],
    [
      "C04: repeats go, unknown words stay to be dropped",
      ["repository:a:pull,pull,frobnicate"],
      [repo("a", "pull", "frobnicate")],
    ],
    [
      "C04: no action, and a trailing comma",
      ["repository:a: repository:b:pull,"],
      [repo("a"), repo("b", "pull")],
    ],
    [
      "C07: a port in the name",
      ["repository:localhost:5000/team/app:pull"],
      [repo("localhost:5000/team/app", "pull")],
    ],
    ["C11: the class is dropped", ["repository(plugin):a:pull"], [repo("a", "pull")]],
    [
      "C12: an unknown type is well-formed",
      ["xrepositoryx:a:pull"],
      [{ type: "xrepositoryx", name: "a", actions: ["pull"] }],
    ],
    [
      "C13: the catalogue",
      ["registry:catalog:*"],
      [{ type: "registry", name: "catalog", actions: ["*"] }],
    ],
  ])("%s", (_name, values, expected) => {
    expect(parseScopes(values)).toEqual({ ok: true, value: expected });
  });

  test.each([
    "foo",
    "repository:x",
    ":::",
    "repository::pull",
    "repository:a:PULL",
    "repository:a: pull",
    "REPOSITORY:a:pull",
    "repository(:a:pull",
    "repository:Team/App:pull",
    "repository:team//app:pull",
    "repository:/team/app:pull",
    "repository:team/app/:pull",
    "repository:team/./app:pull",
    "repository:team/../team/app:pull",
    "repository:team\\app:pull",
    "repository:team/%2e%2e/x:pull",
    "repository:team/app:latest:pull",
    "repository:team/app@sha256:abc:pull",
    "repository:a:pull repository:victim/x:push,pull:pull",
    "repository:Se..cret/../repo:pull",
  ])("C05, C06, C12: refuses %s", (scope) => {
    expect(parseScopes([scope])).toEqual({ ok: false, error: "malformed" });
  });

  test("A20: more than 32 scopes, 512 characters or 8 actions are refused, never cut", () => {
    const many = Array.from({ length: 33 }, (_, i) => `repository:a${i}:pull`);
    expect(parseScopes(many)).toEqual({ ok: false, error: "limit" });
    expect(parseScopes(many.slice(1)).ok).toBe(true);
    expect(parseScopes([`repository:${"a".repeat(600)}:pull`])).toEqual({
      ok: false,
      error: "limit",
    });
    expect(parseScopes([`repository:a:${"pull,".repeat(8)}pull`])).toEqual({
      ok: false,
      error: "limit",
    });
  });
});

describe("repository names", () => {
  test("C21: 255 characters are a name, 256 are not", () => {
    expect(isRepositoryName("a".repeat(255))).toBe(true);
    expect(isRepositoryName("a".repeat(256))).toBe(false);
  });

  test.each([
    "a",
    "a/b",
    "a-b",
    "a__b",
    "a.b",
    "Team/app",
    "localhost:5000/a",
    "[::1]:5000/a",
    "a---b",
  ])("takes %s", (name) => {
    expect(isRepositoryName(name)).toBe(true);
  });

  test.each(["", "A", "a..b", "a_", "-a", "a/", "/a", "a//b", "a/B", "a b", "a:5000", "é", "a\n"])(
    "refuses %j",
    (name) => {
      expect(isRepositoryName(name)).toBe(false);
    },
  );

  test("J06: hostile names of 50,000 characters are simply refused", () => {
    for (const part of ["-", "_", "a_", "a/", ".", "a."]) {
      expect(isRepositoryName(`a${part.repeat(50_000)}!`)).toBe(false);
      expect(parseScopes([`repository:a${part.repeat(50_000)}!:pull`]).ok).toBe(false);
      expect(parseImagePattern(`a${part.repeat(50_000)}!`, null).ok).toBe(false);
    }
  });
});

describe("account names", () => {
  test("B11: only ASCII capitals are folded", () => {
    expect(parseName("ALICE")).toBe("alice");
    for (const name of [
      "alice ",
      " alice",
      "\uff41lice",
      "al\u0131ce",
      "al\u200bice",
      "\u0430lice",
      "",
      "a".repeat(129),
      "-rf",
      "a:b",
      "@authenticated",
      "../x",
    ]) {
      expect(parseName(name)).toBeNull();
    }
  });
});

describe("image patterns", () => {
  test.each([
    ["team/*", "team/app", true],
    ["team/*", "team/app/sub", false],
    ["team/*", "teamx/app", false],
    ["team/**", "team/a/b/c", true],
    ["team/**", "team", false],
    ["**", "a", true],
    ["**", "a/b", true],
    ["a/**/z", "a/b/z", true],
    ["a/**/z", "a/z", false],
    ["*/b", "a/b", true],
    ["a*c", "abbc", true],
    ["a*c", "ac", true],
    ["*", "a/b", false],
    ["a.b", "axb", false],
  ])("%s names %s: %s", (glob, name, expected) => {
    expect(matchesRepository(glob, name)).toBe(expected);
  });

  test("`repo:*` is the same as `repo`", () => {
    expect(pattern("repo:*")).toEqual(pattern("repo"));
  });

  test.each([
    "",
    ":v1",
    "a**b",
    "a/***",
    "Team/App",
    "a b",
    "a@sha256:ab",
    "a:-v",
    "a:b/c:",
    "a:v 1",
  ])("L02: refuses %j", (text) => {
    expect(parseImagePattern(text, null).ok).toBe(false);
  });

  test.each([
    ["a/b", "a/b", true],
    ["a/b", "a/**", true],
    ["a/**", "a/**", true],
    ["a/*", "a/**", true],
    ["a", "a/**", false],
    ["*/b", "a/**", false],
    ["**", "a/**", false],
    ["a/**", "**", true],
    ["a:v1", "a", true],
    ["a", "a:v1", false],
    ["a:v1", "a:v*", true],
    ["a:v1*", "a:v*", true],
    ["a:v*", "a:v1*", false],
    ["ab/c", "a/**", false],
  ])("%s is inside %s: %s", (inner, outer, expected) => {
    expect(isInside(pattern(inner), pattern(outer))).toBe(expected);
  });

  test("inside one service or all", () => {
    expect(isInside(pattern("a", "x"), pattern("a"))).toBe(true);
    expect(isInside(pattern("a"), pattern("a", "x"))).toBe(false);
    expect(isInside(pattern("a", "y"), pattern("a", "x"))).toBe(false);
  });

  test("whatever lies inside names nothing that the outer does not name", () => {
    const names = ["a", "a/b", "a/b/c", "b/a", "ab", "ab/c"];
    const globs = fc.constantFrom("a", "a/b", "a/**", "a/*", "**", "*", "*/b", "a*", "a*/c");
    const tags = fc.constantFrom(null, "v", "v1", "v*", "*1", "v*1");
    fc.assert(
      fc.property(
        globs,
        tags,
        fc.constantFrom("a", "a/b", "a/**", "**"),
        tags,
        (inner, innerTag, outer, outerTag) => {
          const a = { service: null, repository: inner, tag: innerTag };
          const e = { service: null, repository: outer, tag: outerTag };
          fc.pre(isInside(a, e));
          for (const name of names) {
            if (matchesRepository(inner, name)) expect(matchesRepository(outer, name)).toBe(true);
          }
          for (const tag of ["v", "v1", "v21", "x1", "x"]) {
            if (matchesTag(innerTag, tag)) expect(matchesTag(outerTag, tag)).toBe(true);
          }
        },
      ),
      { numRuns: scaled(300) },
    );
  });
});
