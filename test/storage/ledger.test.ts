// The ledger on a real file: what events teach in any order, which tags reach a digest, what a reading mends.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { DigestReach, RegistryEvent } from "../../src/domain/ledger.js";
import {
  MANIFEST_BY_DIGEST,
  REACH_OF_BLOB,
  REACH_OF_MANIFEST,
  WAYS_MAX,
} from "../../src/storage/sqlite/ledger-reach.js";
import type { SqliteLedgerStore } from "../../src/storage/sqlite/ledger-store.js";
import {
  deleted,
  deletedTag,
  digestOf,
  imageOf,
  indexOf,
  NOW,
  openLedger,
  PLACE,
  pushed,
  usAt,
  type LedgerSite,
} from "../support/ledger-site.js";

const NOTHING: DigestReach = {
  isKnown: false,
  tags: [],
  pastTags: [],
  hasUntaggedParent: false,
  pushedBy: null,
};

describe("the ledger", () => {
  let site: LedgerSite;
  let store: SqliteLedgerStore;
  const reach = (name: string): Promise<DigestReach> => store.findReach(PLACE, digestOf(name));
  const blobReach = (name: string): Promise<DigestReach> =>
    store.findBlobReach(PLACE, digestOf(name));
  const apply = (...events: readonly RegistryEvent[]) => store.apply(events, NOW);
  const snapshot = (at: number, tags: Record<string, string>, more: readonly string[] = []) =>
    store.applySnapshot(
      {
        ...PLACE,
        readAt: usAt(at),
        tags: new Map(Object.entries(tags).map(([tag, name]) => [tag, digestOf(name)])),
        manifests: more.map((name) => imageOf(name)),
      },
      NOW,
    );

  beforeEach(() => {
    site = openLedger();
    store = site.store;
  });
  afterEach(() => {
    store.close();
  });

  test("knows nothing of what nobody told it", async () => {
    expect(await reach("a")).toEqual(NOTHING);
    expect(await blobReach("a")).toEqual(NOTHING);
  });

  test("a tag that moves leaves its name with the digest that it had", async () => {
    await apply(pushed(1, "v1", imageOf("a")), pushed(2, "v1", imageOf("b"), "bob"));
    expect(await reach("a")).toEqual({
      ...NOTHING,
      isKnown: true,
      pastTags: ["v1"],
      pushedBy: "alice",
    });
    expect(await reach("b")).toEqual({ ...NOTHING, isKnown: true, tags: ["v1"], pushedBy: "bob" });
  });

  test("a tag is past only where it does not lead there now", async () => {
    await apply(
      pushed(1, "v1", imageOf("a")),
      pushed(2, "v1", imageOf("b")),
      pushed(3, "v1", imageOf("a")),
    );
    expect(await reach("a")).toMatchObject({ tags: ["v1"], pastTags: [] });
  });

  test("a late push undoes nothing, but leaves a past tag", async () => {
    await apply(pushed(2, "v1", imageOf("b")));
    await apply(pushed(1, "v1", imageOf("a")));
    expect(await reach("b")).toMatchObject({ tags: ["v1"] });
    expect(await reach("a")).toMatchObject({ isKnown: true, tags: [], pastTags: ["v1"] });
  });

  test("a deleted manifest takes every tag with it, and a push later revives it alone", async () => {
    await apply(pushed(1, "v1", imageOf("a")), pushed(2, "v2", imageOf("a")), deleted(3, "a"));
    expect(await reach("a")).toMatchObject({ isKnown: false, tags: [], pastTags: ["v1", "v2"] });
    await apply(pushed(2.5, "v3", imageOf("a")));
    expect(await reach("a")).toMatchObject({ isKnown: false, tags: [] });
    await apply(pushed(4, "v2", imageOf("a")));
    expect(await reach("a")).toMatchObject({ isKnown: true, tags: ["v2"], pastTags: ["v1", "v3"] });
  });

  test("a delete that comes late leaves what was pushed after it", async () => {
    await apply(pushed(1, "v1", imageOf("a")), pushed(5, "v2", imageOf("a")), deleted(3, "a"));
    expect(await reach("a")).toMatchObject({ isKnown: true, tags: ["v2"], pastTags: ["v1"] });
  });

  test("of equal times the later arrival wins", async () => {
    await apply(pushed(1, "v1", imageOf("a")), deleted(1, "a"));
    expect(await reach("a")).toMatchObject({ isKnown: false, tags: [] });
    await apply(pushed(1, "v1", imageOf("a")));
    expect(await reach("a")).toMatchObject({ isKnown: true, tags: ["v1"] });
    await apply(pushed(1, "v1", imageOf("b")));
    expect(await reach("b")).toMatchObject({ tags: ["v1"] });
    await apply(deletedTag(1, "v1"));
    expect(await reach("b")).toMatchObject({ isKnown: true, tags: [], pastTags: ["v1"] });
  });

  test("a registry's clock that is years ahead keeps nothing later from counting", async () => {
    await apply(pushed(1e8, "v1", imageOf("a")));
    await store.apply([pushed(50, "v1", imageOf("b"))], NOW + 50);
    expect(await reach("b")).toMatchObject({ tags: ["v1"] });
  });

  test("tags reach through indexes, past ones too, and through no deleted one", async () => {
    await apply(
      pushed(1, null, imageOf("amd")),
      pushed(2, "multi", indexOf("list", ["amd", "arm"])),
      pushed(3, "nested", indexOf("lists", ["list"])),
    );
    expect(await reach("amd")).toMatchObject({ tags: ["multi", "nested"], pushedBy: "alice" });
    expect(await reach("arm")).toEqual({
      ...NOTHING,
      isKnown: true,
      tags: ["multi", "nested"],
    });
    await apply(pushed(4, "multi", indexOf("list2", ["amd"])), deleted(5, "lists"));
    expect(await reach("amd")).toMatchObject({
      tags: ["multi"],
      pastTags: ["nested"],
      hasUntaggedParent: true,
    });
    expect(await reach("arm")).toMatchObject({ tags: [], pastTags: ["multi", "nested"] });
    await apply(deleted(6, "list"));
    expect(await reach("arm")).toMatchObject({ isKnown: false, hasUntaggedParent: false });
  });

  test("an index without a tag, which nothing tagged names either, is told of", async () => {
    await apply(pushed(1, null, indexOf("list", ["amd"])));
    expect(await reach("amd")).toMatchObject({ tags: [], hasUntaggedParent: true });
    await apply(pushed(2, "v1", indexOf("lists", ["list"])));
    expect(await reach("amd")).toMatchObject({ tags: ["v1"], hasUntaggedParent: false });
  });

  test("a layer is reached through every manifest that names it", async () => {
    await apply(
      pushed(1, "v1", imageOf("a", ["layer", "own"])),
      pushed(2, null, imageOf("b", ["layer"]), "bob"),
      pushed(3, "multi", indexOf("list", ["b"])),
    );
    expect(await blobReach("layer")).toEqual({
      ...NOTHING,
      isKnown: true,
      tags: ["multi", "v1"],
      pushedBy: "bob",
    });
    expect(await blobReach("own")).toMatchObject({ tags: ["v1"], hasUntaggedParent: false });
    await apply(deleted(4, "list"));
    expect(await blobReach("layer")).toMatchObject({ tags: ["v1"], hasUntaggedParent: true });
    expect(await blobReach("a")).toEqual(NOTHING);
    expect(await reach("layer")).toEqual(NOTHING);
  });

  test("repositories and registries are apart", async () => {
    await apply(pushed(1, "v1", imageOf("a")));
    const elsewhere = [
      { ...PLACE, repository: "team/other" },
      { ...PLACE, service: "other" },
    ];
    for (const place of elsewhere) {
      expect(await store.findReach(place, digestOf("a"))).toEqual(NOTHING);
    }
    await store.forgetRepository(PLACE);
    expect(await reach("a")).toEqual(NOTHING);
  });

  test("a flood of indexes around one image is cut, and said to be more", async () => {
    const lists = Array.from({ length: WAYS_MAX + 5 }, (_, at) =>
      pushed(at, `t${at}`, indexOf(`list ${at}`, ["amd"])),
    );
    await apply(...lists);
    expect(await reach("amd")).toMatchObject({ isKnown: true, hasUntaggedParent: true });
  });

  test("a reading takes over what the registry has; what happened later stands", async () => {
    await apply(
      pushed(1, "gone", imageOf("a")),
      pushed(1, "moved", imageOf("a")),
      pushed(9, "late", imageOf("c")),
      deleted(9, "d"),
    );
    await snapshot(5, { moved: "b", late: "a", dead: "d" }, ["b"]);
    expect(await reach("a")).toMatchObject({
      isKnown: true,
      tags: [],
      pastTags: ["gone", "moved"],
    });
    expect(await reach("b")).toMatchObject({ isKnown: true, tags: ["moved"], pushedBy: null });
    expect(await reach("c")).toMatchObject({ tags: ["late"] });
    expect(await reach("d")).toMatchObject({ isKnown: false, tags: [] });
    await apply(pushed(4, "moved", imageOf("a")), deleted(4, "b"));
    expect(await reach("b")).toMatchObject({ isKnown: true, tags: ["moved"] });
    await snapshot(3, {});
    expect(await reach("b")).toMatchObject({ tags: ["moved"] });
  });

  test("a reading revives what lost events left for dead, and an equal digest keeps the tag's time", async () => {
    await apply(pushed(1, "v1", imageOf("a")), deleted(2, "a"));
    await snapshot(5, { v1: "a" });
    expect(await reach("a")).toMatchObject({ isKnown: true, tags: ["v1"] });
    await apply(pushed(6, "v1", imageOf("b")));
    await snapshot(9, { v1: "b" });
    await apply(pushed(8, "v1", imageOf("c")));
    expect(await reach("c")).toMatchObject({ tags: ["v1"] });
  });

  test("manifests of which only the digest was known are completed, unknown ones are ignored", async () => {
    await apply(pushed(1, "multi", { ...indexOf("list", []), references: null }));
    await store.completeManifests(PLACE, [indexOf("list", ["amd"]), imageOf("nobody", ["x"])]);
    expect(await reach("amd")).toMatchObject({ isKnown: true, tags: ["multi"] });
    await store.completeManifests(PLACE, [imageOf("amd", ["layer"])]);
    expect(await blobReach("layer")).toMatchObject({ isKnown: true, tags: ["multi"] });
    expect(await blobReach("x")).toEqual(NOTHING);
  });

  test("every question of the gate is answered from an index", () => {
    for (const sql of [REACH_OF_MANIFEST, REACH_OF_BLOB, MANIFEST_BY_DIGEST]) {
      const plan = site.connection
        .prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
        .all({ repository: 1, digest: "x" })
        .map(({ detail }) => detail);
      expect(plan.filter((line) => /^SCAN (?!up$|CONSTANT ROW)/.test(line))).toEqual([]);
      expect(plan.join("\n")).toMatch(/SEARCH/);
    }
  });

  test("any order and repetition of a history ends as its right order does", async () => {
    const name = fc.constantFrom("a", "b", "c");
    const tag = fc.constantFrom("t", "u");
    const act = fc.oneof(
      fc.record({ kind: fc.constant("push"), name, tag: fc.option(tag) }),
      fc.record({ kind: fc.constant("list"), name: fc.constant("l"), tag: fc.option(tag) }),
      fc.record({ kind: fc.constant("delete"), name: fc.constantFrom("a", "b", "l"), tag }),
      fc.record({ kind: fc.constant("untag"), name, tag }),
    );
    const toEvent = ({ kind, name: of, tag: to }: RandomAct, at: number): RegistryEvent => {
      if (kind === "delete") return deleted(at, of);
      if (kind === "untag") return deletedTag(at, to ?? "t");
      if (kind === "list") return pushed(at, to, indexOf("l", ["a", "b"]), `who${at}`);
      return pushed(at, to, imageOf(of, ["layer", of + of]), `who${at}`);
    };
    const stateOf = async (): Promise<unknown> => {
      const manifests = await Promise.all(["a", "b", "c", "l"].map(reach));
      const blobs = await Promise.all(["layer", "aa", "bb", "cc"].map(blobReach));
      return { manifests, blobs };
    };
    const run = async (events: readonly RegistryEvent[]): Promise<unknown> => {
      await store.forgetRepository(PLACE);
      site.connection.exec("DELETE FROM ledger_event");
      for (const event of events) await apply(event);
      return stateOf();
    };
    const history = fc.array(act, { maxLength: 12 }).chain((acts) => {
      const events = acts.map(toEvent);
      const twice = fc.shuffledSubarray([...events, ...events], {
        minLength: 2 * events.length,
      });
      return fc.record({ events: fc.constant(events), mixed: twice });
    });
    await fc.assert(
      fc.asyncProperty(history, async ({ events, mixed }) => {
        expect(await run(mixed)).toEqual(await run(events));
      }),
      { numRuns: 300 },
    );
  });
});

interface RandomAct {
  readonly kind: string;
  readonly name: string;
  readonly tag: string | null;
}
