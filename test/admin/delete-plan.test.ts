// What a delete takes along, and what it must not touch.
import { expect, test } from "@jest/globals";
import { findUnused, planDelete, type DeleteTarget } from "../../src/admin/delete-plan.js";
import type { ImagePattern } from "../../src/domain/image-pattern.js";
import type { HeldContent, HeldManifest, LastPull } from "../../src/domain/ledger-listing.js";
import { digest, manifest } from "../support/fake-registry-api.js";

const NOW = 1_800_000_000;
const DAY = 86_400;

const held = (letter: string, children: readonly string[] = []): HeldManifest => ({
  ...manifest(letter, children),
  pushedAt: null,
  pushedBy: null,
});

interface Wanted {
  /** Tag → letter of its manifest. */
  readonly tags: Readonly<Record<string, string>>;
  readonly manifests: readonly HeldManifest[];
  /** Tag → days since its last pull. */
  readonly pulls?: Readonly<Record<string, number>>;
  readonly digestPull?: LastPull;
}

const NONE = { pulls: 0, looks: 0 };

function content({ tags, manifests, pulls = {}, digestPull }: Wanted): HeldContent {
  return {
    service: "registry",
    repository: "app",
    seenAt: 0,
    readAt: NOW,
    tags: Object.entries(tags).map(([tag, letter]) => {
      const days = pulls[tag];
      const lastPull = days === undefined ? null : { at: NOW - days * DAY, account: "reader" };
      return { tag, digest: digest(letter), changedAt: 0, pushedBy: null, lastPull, counts: NONE };
    }),
    manifests: new Map(manifests.map((one) => [one.digest, one])),
    digestPull: digestPull ?? null,
    digestCounts: NONE,
  };
}

const tag = (...tags: string[]): DeleteTarget => ({ kind: "tags", tags });
const letters = (digests: readonly string[]): string => digests.map((one) => one[7]).join("");
const entry = (text: string | null): ImagePattern => ({
  service: null,
  repository: "app",
  tag: text,
});

test("a tag takes its manifest, and every other tag of that with it", () => {
  const all = content({
    tags: { v1: "a", stable: "a", v2: "b" },
    manifests: [held("a"), held("b")],
  });
  const plan = planDelete(all, tag("v1"), []);
  expect(plan).toMatchObject({
    ok: true,
    value: { manifests: [digest("a")], tags: ["v1", "stable"], otherTags: ["stable"] },
  });
});

test("an index goes before its platforms; one that another tag or index still names stays", () => {
  const all = content({
    tags: { multi: "a", arm: "c" },
    manifests: [
      held("a", ["b", "c", "d"]),
      held("b"),
      held("c"),
      held("d"),
      // Nobody has tagged it, and it may be pulled by its digest all the same.
      held("e", ["d"]),
    ],
  });
  const plan = planDelete(all, tag("multi"), []);
  expect(plan.ok && letters(plan.value.manifests)).toBe("ab");
});

test("what a tagged index names is refused by tag and by digest, unless the index goes too", () => {
  const all = content({
    tags: { multi: "a", amd: "b" },
    manifests: [held("a", ["b"]), held("b")],
  });
  for (const target of [tag("amd"), { kind: "digest", digest: digest("b") } as const]) {
    const plan = planDelete(all, target, []);
    expect(plan).toMatchObject({ ok: false, error: { kind: "refused" } });
    expect(JSON.stringify(plan)).toContain("app:multi");
  }
  const both = planDelete(all, tag("amd", "multi"), []);
  expect(both.ok && new Set(both.value.manifests)).toEqual(new Set([digest("a"), digest("b")]));
});

test("an index within an index counts", () => {
  const all = content({
    tags: { outer: "a", inner: "c" },
    manifests: [held("a", ["b"]), held("b", ["c"]), held("c")],
  });
  expect(planDelete(all, tag("inner"), []).ok).toBe(false);
});

test("a signature goes with its image, and so does the signature's own", () => {
  const all = content({
    tags: {
      v1: "a",
      [`sha256-${"a".repeat(64)}.sig`]: "b",
      [`sha256-${"b".repeat(64)}.sig`]: "c",
      [`sha256-${"d".repeat(64)}.sig`]: "e",
    },
    manifests: [held("a"), held("b"), held("c"), held("e")],
  });
  const plan = planDelete(all, tag("v1"), []);
  expect(plan.ok && letters(plan.value.manifests)).toBe("abc");
  expect(plan.ok && plan.value.otherTags).toEqual([]);
  expect(plan.ok && plan.value.derivedTags).toHaveLength(2);
});

test.each([
  [tag("v1"), "v1", false],
  [tag("v1"), "v*", false],
  [tag("v1"), null, false],
  [tag("v1"), "w*", true],
  // The other tag of the same manifest is the immutable one.
  [tag("v1"), "stable", false],
  [{ kind: "all" } as const, "v2", false],
  [{ kind: "digest", digest: digest("b") } as const, "v2", false],
])("%j with the immutable tag pattern %j: allowed %j", (target, pattern, isAllowed) => {
  const all = content({
    tags: { v1: "a", stable: "a", v2: "b" },
    manifests: [held("a"), held("b")],
  });
  expect(planDelete(all, target, [entry(pattern)]).ok).toBe(isAllowed);
});

test("a whole repository goes with what has no tag", () => {
  const all = content({ tags: { v1: "a" }, manifests: [held("a"), held("b")] });
  const plan = planDelete(all, { kind: "all" }, []);
  expect(plan.ok && letters(plan.value.manifests)).toBe("ab");
  expect(plan.ok && plan.value.otherTags).toEqual([]);
});

test("what the registry does not hold is refused", () => {
  const all = content({ tags: { v1: "a" }, manifests: [held("a")] });
  expect(planDelete(all, tag("v9"), []).ok).toBe(false);
  expect(planDelete(all, { kind: "digest", digest: digest("9") }, []).ok).toBe(false);
});

const SINCE = NOW - 90 * DAY;

test("unused are tags that nobody pulled since, and whose manifest has no used tag", () => {
  const all = content({
    tags: { old: "a", used: "b", alias: "b", never: "c" },
    manifests: [held("a"), held("b"), held("c")],
    pulls: { old: 100, used: 10 },
  });
  expect(findUnused(all, SINCE, [])).toEqual({
    tags: ["old", "never"],
    kept: [{ tag: "alias", reason: "used is the same image" }],
  });
});

test("unused platforms of a used index stay, and so does what those share a manifest with", () => {
  const all = content({
    tags: { multi: "a", amd: "b", amd2: "b", inner: "c" },
    manifests: [held("a", ["c"]), held("c", ["b"]), held("b")],
    pulls: { multi: 1 },
  });
  expect(findUnused(all, SINCE, []).tags).toEqual([]);
});

test("a pull by a digest that nobody can tell keeps everything of the repository", () => {
  const all = content({
    tags: { old: "a" },
    manifests: [held("a")],
    digestPull: { at: NOW - DAY, account: "" },
  });
  expect(findUnused(all, SINCE, []).tags).toEqual([]);
  expect(findUnused(all, NOW, []).tags).toEqual(["old"]);
});

test("immutable tags stay, and signatures are no tags of their own", () => {
  const all = content({
    tags: { keep: "a", old: "b", [`sha256-${"c".repeat(64)}.sig`]: "d" },
    manifests: [held("a"), held("b"), held("d")],
  });
  expect(findUnused(all, SINCE, [entry("keep")])).toEqual({
    tags: ["old"],
    kept: [{ tag: "keep", reason: "it is immutable" }],
  });
});
