// Properties of the decision, against an oracle written from DESIGN §2 and not from the code.
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { ACTIONS, type Action, type Permission } from "../../src/domain/action.js";
import { decide } from "../../src/domain/decision.js";
import type { GrantedImage, Subject } from "../../src/domain/image.js";
import {
  isExclusiveRepository,
  isInside,
  matchesRepository,
} from "../../src/domain/image-pattern.js";
import type { Requester } from "../../src/domain/requester.js";
import { intersectActions } from "../../src/token/authorize.js";
import { ANONYMOUS, GATE, OFF } from "../support/policy.js";
import { scaled } from "../support/scale.js";

const RUNS = { numRuns: scaled(500) };
const REPOSITORIES = ["a", "a/b", "a/c", "b/b", "a/b/c", "team/x", "a.b/x", "axb/x"];
const PATTERNS = [...REPOSITORIES, "**", "a/**", "*/b", "a/*", "**/c", "team/**", "a*/x"];
const TAGS = [null, null, null, "v1", "v2", "v*"];

const actions = fc
  .subarray([...ACTIONS], { minLength: 1 })
  .map((list): readonly Action[] =>
    ACTIONS.filter(
      (action) => list.includes(action) || (action === "pull" && list.includes("push")),
    ),
  );
const subject: fc.Arbitrary<Subject> = fc.oneof(
  fc.integer({ min: 1, max: 3 }).map((id) => ({ kind: "account" as const, id, name: `u${id}` })),
  fc.integer({ min: 1, max: 2 }).map((id) => ({ kind: "group" as const, id, name: `g${id}` })),
  fc.constant({ kind: "authenticated" as const }),
  fc.constant({ kind: "anonymous" as const }),
);
const grant = fc.record({
  subject,
  actions,
  expiresAt: fc.constant(null),
  createdAt: fc.constant(0),
});
const image: fc.Arbitrary<GrantedImage> = fc
  .record({
    id: fc.integer({ min: 1, max: 1000 }),
    repository: fc.constantFrom(...PATTERNS),
    tag: fc.constantFrom(...TAGS),
    service: fc.constantFrom(null, null, "reg", "other"),
    wantsExclusive: fc.boolean(),
    grants: fc.uniqueArray(grant, {
      maxLength: 4,
      selector: (g) => JSON.stringify(g.subject),
    }),
  })
  .map(({ id, repository, tag, service, wantsExclusive, grants }) => ({
    id,
    pattern: { service, repository, tag },
    isExclusive: wantsExclusive && isExclusiveRepository(repository),
    isImmutable: false,
    grants,
  }));
const images = fc.uniqueArray(image, {
  maxLength: 8,
  selector: ({ pattern }) => JSON.stringify(pattern),
});
const untagged = images.map((list) => list.filter(({ pattern }) => pattern.tag === null));
const requester: fc.Arbitrary<Requester> = fc.oneof(
  fc.constant(ANONYMOUS),
  fc.record({
    kind: fc.constant("account" as const),
    id: fc.integer({ min: 1, max: 3 }),
    name: fc.constantFrom("a", "team", "a.b", "**", "u1"),
    accountKind: fc.constant("user" as const),
    permissions: fc.subarray<Permission>(["view", "pull", "push", "delete"]),
    groups: fc.subarray([
      { id: 1, name: "g1" },
      { id: 2, name: "a*" },
    ]),
    ceiling: fc.constant({ kind: "none" as const }),
  }),
);
const repository = fc.constantFrom(...REPOSITORIES);
const asked = fc.array(fc.constantFrom("pull", "push", "delete", "*", "frobnicate"), {
  maxLength: 4,
});

const target = (name: string, tag: string | null = null) => ({
  service: "reg",
  repository: name,
  tag,
});

function names(who: Requester, s: Subject): boolean {
  if (s.kind === "anonymous") return true;
  if (who.kind === "anonymous") return false;
  if (s.kind === "authenticated") return true;
  return s.kind === "account" ? s.id === who.id : who.groups.some(({ id }) => id === s.id);
}

/** DESIGN §2 rules 1, 3 and 5 for images without tags, as plainly as possible. */
function oracle(who: Requester, name: string, rules: readonly GrantedImage[]): Set<Action> {
  const here = rules.filter(
    ({ pattern }) =>
      (pattern.service === null || pattern.service === "reg") &&
      matchesRepository(pattern.repository, name),
  );
  const walls = here.filter(({ isExclusive }) => isExclusive);
  const result = new Set<Action>();
  for (const rule of here) {
    if (!walls.every((wall) => isInside(rule.pattern, wall.pattern))) continue;
    for (const given of rule.grants.filter((one) => names(who, one.subject))) {
      for (const action of given.actions) {
        const isOpen = given.subject.kind === "anonymous" && action === "pull";
        const isOwn =
          given.subject.kind !== "anonymous" &&
          who.kind === "account" &&
          who.permissions.includes(action);
        if (isOpen || isOwn) result.add(action);
      }
    }
  }
  return result;
}

test("C25: a token is exactly what was requested and granted, `*` expanded first", () => {
  fc.assert(
    fc.property(requester, repository, untagged, asked, (who, name, rules, wanted) => {
      const { allowed } = decide({
        requester: who,
        target: target(name),
        images: rules,
        policy: OFF,
      });
      const granted = oracle(who, name, rules);
      const token = intersectActions(wanted, allowed);
      const requested = wanted.includes("*") ? [...ACTIONS] : wanted;
      expect(new Set(token)).toEqual(new Set(requested.filter((a) => granted.has(a as Action))));
    }),
    RUNS,
  );
});

test("the order of rows is irrelevant, for the answer and for its reasons", () => {
  fc.assert(
    fc.property(requester, repository, images, (who, name, rules) => {
      const inOrder = decide({ requester: who, target: target(name), images: rules, policy: OFF });
      const turned = rules
        .map((rule) => ({ ...rule, grants: [...rule.grants].reverse() }))
        .reverse();
      expect(decide({ requester: who, target: target(name), images: turned, policy: OFF })).toEqual(
        inOrder,
      );
    }),
    RUNS,
  );
});

test("an exclusive image really shuts out: without a grant inside it nothing is left", () => {
  fc.assert(
    fc.property(requester, repository, images, (who, name, rules) => {
      const wall = { service: null, repository: name, tag: null };
      const outside = rules.filter(({ pattern }) => !isInside(pattern, wall));
      const entry = { id: 5000, pattern: wall, isExclusive: true, isImmutable: false, grants: [] };
      const walled = [...outside, entry];
      const { allowed } = decide({
        requester: who,
        target: target(name),
        images: walled,
        policy: OFF,
      });
      expect(allowed).toEqual([]);
    }),
    RUNS,
  );
});

test("adding a grant that is not exclusive never takes anything away", () => {
  fc.assert(
    fc.property(requester, repository, images, image, (who, name, rules, extra) => {
      const before = decide({ requester: who, target: target(name), images: rules, policy: OFF });
      const more = [...rules, { ...extra, isExclusive: false }];
      const after = decide({ requester: who, target: target(name), images: more, policy: OFF });
      expect(after.allowed).toEqual(expect.arrayContaining([...before.allowed]));
    }),
    RUNS,
  );
});

test("C15: no name of an account or group ever acts as a pattern", () => {
  fc.assert(
    fc.property(repository, fc.constantFrom("**", "a*", "a.b", "*", "team"), (name, account) => {
      const who: Requester = {
        kind: "account",
        id: 9,
        name: account,
        accountKind: "user",
        permissions: ["pull"],
        groups: [{ id: 8, name: "**" }],
        ceiling: { kind: "none" },
      };
      const policy = { ...OFF, hasPersonalNamespace: true };
      const { allowed } = decide({ requester: who, target: target(name), images: [], policy });
      expect(allowed.length > 0).toBe(name.startsWith(`${account}/`));
    }),
    RUNS,
  );
});

test("with a gate a token is never narrower than any tag, without one never wider", () => {
  fc.assert(
    fc.property(
      requester,
      repository,
      images,
      fc.constantFrom("v1", "v2", "x"),
      (who, name, rules, tag) => {
        const byTag = decide({
          requester: who,
          target: target(name, tag),
          images: rules,
          policy: GATE,
        });
        const withGate = decide({
          requester: who,
          target: target(name),
          images: rules,
          policy: GATE,
        });
        const without = decide({
          requester: who,
          target: target(name),
          images: rules,
          policy: OFF,
        });
        expect(withGate.allowed).toEqual(expect.arrayContaining([...byTag.allowed]));
        expect(byTag.allowed).toEqual(expect.arrayContaining([...without.allowed]));
      },
    ),
    RUNS,
  );
});
