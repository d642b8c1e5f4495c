// What the ledger counts, what it may lack, and what it forgets.
import { afterEach, describe, expect, test } from "@jest/globals";
import { StoreUnavailable } from "../../src/domain/ports.js";
import { PAST_TAGS_MAX } from "../../src/storage/sqlite/ledger-apply.js";
import { LEDGER_BOUNDS } from "../../src/storage/sqlite/ledger-prune.js";
import { UNKNOWN_TAGS_MAX } from "../../src/storage/sqlite/ledger-pulls.js";
import type { LedgerStoreOptions } from "../../src/storage/sqlite/ledger-store.js";
import {
  deleted,
  deletedTag,
  digestOf,
  imageOf,
  indexOf,
  NOW,
  openLedger,
  PLACE,
  pulled,
  pushed,
  type LedgerSite,
} from "../support/ledger-site.js";

const DAY = 86_400;
const NOTE = { ...PLACE, tag: "v1", digest: null, account: "bob", method: "GET", at: NOW } as const;

describe("the ledger's counts and bounds", () => {
  const sites: LedgerSite[] = [];
  const open = (options?: LedgerStoreOptions, path?: string): LedgerSite => {
    const site = openLedger(options, path);
    sites.push(site);
    return site;
  };
  const pullsOf = ({ connection }: LedgerSite): unknown =>
    connection
      .prepare("SELECT tag, account, method, count, last_at - ? AS ago FROM ledger_pull")
      .all(NOW);
  const lastOf = ({ connection }: LedgerSite): unknown =>
    connection.prepare("SELECT tag, last_at - ? AS ago, account FROM ledger_last_pull").all(NOW);
  const count = ({ connection }: LedgerSite, table: string): unknown =>
    connection.prepare(`SELECT count(*) FROM ${table}`).pluck().get();

  afterEach(() => {
    for (const { store } of sites.splice(0)) store.close();
  });

  test("G03: the same event a hundred times counts once, from two servers too", async () => {
    const site = open({ countsPulls: "events" });
    const other = open({ countsPulls: "events" }, site.path);
    const events = [pushed(1, "v1", imageOf("a")), pulled(2, "a", { tag: "v1" })];
    const answers = [];
    for (let at = 0; at < 50; at += 1) {
      answers.push(await site.store.apply(events, NOW), await other.store.apply(events, NOW));
    }
    expect(answers.flat()).toEqual(events);
    expect(count(site, "ledger_act")).toBe(1);
    expect(pullsOf(site)).toMatchObject([{ tag: "v1", count: 1 }]);
  });

  test("without a gate events tell of pulls; one by digest is of the only tag that leads there", async () => {
    const site = open({ countsPulls: "events" });
    await site.store.apply(
      [
        pushed(0, "v1", imageOf("a")),
        pushed(0, "multi", indexOf("list", ["a", "b"])),
        pulled(1, "b"),
        pulled(2, "a"),
        pulled(3, "a", { tag: "v1", method: "HEAD" }),
      ],
      NOW,
    );
    expect(pullsOf(site)).toEqual([
      { tag: "", account: "bob", method: "GET", count: 1, ago: 2 },
      { tag: "multi", account: "bob", method: "GET", count: 1, ago: 1 },
      { tag: "v1", account: "bob", method: "HEAD", count: 1, ago: 3 },
    ]);
    expect(lastOf(site)).toEqual([
      { tag: "", ago: 2, account: "bob" },
      { tag: "multi", ago: 1, account: "bob" },
      { tag: "v1", ago: 3, account: "bob" },
    ]);
  });

  test("with a gate its notes alone count; an event only shows that the repository is there", async () => {
    const site = open();
    await site.store.notePulls([NOTE]);
    expect(await site.store.hasPull(PLACE, "bob", NOW)).toBe(false);
    await site.store.apply([pulled(1, "a", { tag: "v1" })], NOW);
    expect(pullsOf(site)).toEqual([]);
    await site.store.notePulls([NOTE, { ...NOTE, at: NOW + 5 }, { ...NOTE, method: "HEAD" }]);
    expect(pullsOf(site)).toEqual([
      { tag: "v1", account: "bob", method: "GET", count: 2, ago: 5 },
      { tag: "v1", account: "bob", method: "HEAD", count: 1, ago: 0 },
    ]);
    await site.store.notePulls([{ ...NOTE, account: "eve", at: NOW - 100 }]);
    expect(lastOf(site)).toEqual([{ tag: "v1", ago: 5, account: "bob" }]);
    const asked: readonly (readonly [string, number])[] = [
      ["bob", NOW + 5],
      ["bob", NOW + 6],
      ["eve", NOW],
    ];
    const answers = asked.map(([account, since]) => site.store.hasPull(PLACE, account, since));
    expect(await Promise.all(answers)).toEqual([true, false, false]);
  });

  test("tags that clients make up have so many rows a day; known ones always have their own", async () => {
    const site = open();
    await site.store.apply([pushed(0, "real", imageOf("a"))], NOW);
    const invented = Array.from({ length: UNKNOWN_TAGS_MAX + 50 }, (_, at) => ({
      ...NOTE,
      tag: `x${at}`,
    }));
    await site.store.notePulls([...invented, { ...NOTE, tag: "real" }]);
    expect(count(site, "ledger_pull")).toBe(UNKNOWN_TAGS_MAX + 2);
    expect(pullsOf(site)).toContainEqual({
      tag: "real",
      account: "bob",
      method: "GET",
      count: 1,
      ago: 0,
    });
    await site.store.prune(NOW + 2 * DAY, NOW + 2 * DAY);
    expect(lastOf(site)).toEqual([
      { tag: "", ago: 0, account: "bob" },
      { tag: "real", ago: 0, account: "bob" },
    ]);
    expect(count(site, "ledger_pull")).toBe(0);
  });

  test("a trouble lasts until a reading that began after its latest", async () => {
    const { store } = open();
    const note = { service: "registry", reason: "dropped" } as const;
    await store.noteTrouble({ ...note, since: NOW });
    await store.noteTrouble({ ...note, since: NOW + 5 });
    await store.noteTrouble({ ...note, service: "other", since: NOW });
    await store.clearTroubles("registry", NOW + 5);
    expect(await store.listTroubles()).toEqual([
      { service: "other", reason: "dropped", since: NOW, count: 1 },
      { service: "registry", reason: "dropped", since: NOW + 5, count: 2 },
    ]);
    await store.clearTroubles("registry", NOW + 6);
    expect(await store.listTroubles()).toMatchObject([{ service: "other" }]);
  });

  test("a registry that began anew is a trouble, its first process and a known one are none", async () => {
    const { store } = open();
    const heard = [];
    for (const instance of ["one", "one", "two", "one"]) {
      heard.push(await store.noteInstance("registry", instance, NOW));
    }
    heard.push(await store.noteInstance("other", "three", NOW));
    expect(heard).toEqual([false, false, true, false, false]);
    expect(await store.listTroubles()).toEqual([
      { service: "registry", reason: "restarted", since: NOW, count: 1 },
    ]);
  });

  test("pulls past the gate are summed, and listed by their last", async () => {
    const { store } = open();
    const bypass = { ...PLACE, account: "bob" };
    await store.noteBypass({ ...bypass, lastAt: NOW });
    await store.noteBypass({ ...bypass, lastAt: NOW + 9 });
    expect(await store.listBypasses(NOW)).toEqual([
      { ...bypass, firstAt: NOW, lastAt: NOW + 9, count: 2 },
    ]);
    expect(await store.listBypasses(NOW + 9)).toEqual([]);
  });

  test("a repository too many is not kept, and that is a trouble", async () => {
    const { store } = open({ countsPulls: "gate", bounds: { ...LEDGER_BOUNDS, repositories: 1 } });
    const [one, two] = [pushed(1, "v1", imageOf("a")), pushed(2, "v1", imageOf("a"))];
    const elsewhere = { ...PLACE, repository: "team/other" };
    await store.apply([one, { ...two, act: { ...two.act, ...elsewhere } }], NOW);
    expect(await store.findReach(PLACE, digestOf("a"))).toMatchObject({ tags: ["v1"] });
    expect(await store.findReach(elsewhere, digestOf("a"))).toMatchObject({ isKnown: false });
    expect(await store.listTroubles()).toMatchObject([{ reason: "dropped", count: 1 }]);
  });

  test("a digest keeps so many past tags: the latest", async () => {
    const site = open();
    const moves = Array.from({ length: PAST_TAGS_MAX + 3 }, (_, at) => [
      pushed(at, `t${at}`, imageOf("a")),
      deletedTag(at + 0.5, `t${at}`),
    ]);
    await site.store.apply(moves.flat(), NOW);
    const { pastTags } = await site.store.findReach(PLACE, digestOf("a"));
    expect(pastTags).toHaveLength(PAST_TAGS_MAX);
    expect(pastTags).not.toContain("t2");
    expect(pastTags).toContain("t3");
  });

  test("what is old goes: acts, pulls, ids of events, deleted tags and manifests; what is there stays", async () => {
    const site = open({ countsPulls: "events" });
    const old = [
      pushed(0, "v1", imageOf("a", ["layer"])),
      pushed(0, "v2", imageOf("b", ["layer"])),
      pulled(1, "a", { tag: "v1" }),
      deletedTag(2, "v3"),
      deleted(3, "b"),
    ];
    await site.store.apply(old, NOW);
    const later = NOW + 100 * DAY;
    expect(await site.store.prune(NOW - DAY, NOW + DAY)).toBe(0);
    expect(await site.store.prune(NOW - DAY, NOW + 8 * DAY)).toBe(old.length);
    await site.store.prune(later - 90 * DAY, later);
    for (const table of ["ledger_act", "ledger_pull", "ledger_event"]) {
      expect(count(site, table)).toBe(0);
    }
    expect(count(site, "ledger_tag")).toBe(1);
    expect(count(site, "ledger_manifest")).toBe(1);
    expect(count(site, "ledger_reference")).toBe(1);
    expect(lastOf(site)).toEqual([{ tag: "v1", ago: 1, account: "bob" }]);
    expect(await site.store.findReach(PLACE, digestOf("a"))).toMatchObject({ tags: ["v1"] });
  });

  test("what is too much goes, however young: the oldest, and no tagged manifest", async () => {
    const few = {
      acts: 2,
      events: 2,
      pulls: 1,
      pastTags: 1,
      deleted: 1,
      manifests: 2,
      repositories: 9,
    };
    const site = open({ countsPulls: "events", bounds: few });
    const events = [
      pushed(0, "v1", imageOf("a")),
      pushed(1, "v1", imageOf("b")),
      pushed(2, "v1", imageOf("c")),
      pushed(3, "v2", imageOf("d")),
      deletedTag(4, "x"),
      deletedTag(5, "y"),
      pulled(-DAY, "a", { tag: "v1" }),
      pulled(6, "c", { tag: "v1" }),
      pulled(6, "d", { tag: "v2" }),
    ];
    for (const [at, event] of events.entries()) await site.store.apply([event], NOW + at);
    await site.store.prune(0, NOW);
    const rows = (sql: string): unknown => site.connection.prepare(sql).pluck().all();
    expect(rows("SELECT tag FROM ledger_act ORDER BY at")).toEqual(["x", "y"]);
    expect(count(site, "ledger_event")).toBe(2);
    expect(rows("SELECT tag FROM ledger_pull ORDER BY tag")).toEqual(["v1", "v2"]);
    expect(rows("SELECT digest FROM ledger_past_tag")).toEqual([digestOf("b")]);
    expect(rows("SELECT tag FROM ledger_tag ORDER BY tag")).toEqual(["v1", "v2", "y"]);
    expect(rows("SELECT digest FROM ledger_manifest ORDER BY pushed_us")).toEqual([
      digestOf("c"),
      digestOf("d"),
    ]);
  });

  test("G05: a store that another process holds refuses soon, and keeps all or nothing", async () => {
    const site = open();
    const other = open(undefined, site.path);
    other.connection.exec("BEGIN IMMEDIATE");
    const event = pushed(1, "v1", imageOf("a"));
    await expect(site.store.apply([event], NOW)).rejects.toThrow(StoreUnavailable);
    expect(await site.store.findReach(PLACE, digestOf("a"))).toMatchObject({ isKnown: false });
    other.connection.exec("COMMIT");
    expect(await site.store.apply([event], NOW)).toEqual([event]);
  });
});
