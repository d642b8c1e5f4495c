// The ledger of a running server: a busy or lost file, waiting readers, restarted registries, pulls past the gate.
import { renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { RefusedRequest, Sender } from "../src/domain/activity.js";
import type { LedgerTrouble, RegistryEvent } from "../src/domain/ledger.js";
import type { LogEvent } from "../src/http/log.js";
import { keepLedger, type LedgerKeeper } from "../src/ledger-keeper.js";
import { EVENTS_WAITING_MAX } from "../src/ledger-queue.js";
import { watchGate } from "../src/gate-watch.js";
import {
  digestOf,
  imageOf,
  NOW,
  openLedger,
  PLACE,
  pulled,
  pushed,
  type LedgerSite,
} from "./support/ledger-site.js";
import { waitUntil } from "./support/poll.js";
import { tempFolder } from "./support/temp.js";

const NOTE = { ...PLACE, tag: "v1", digest: null, account: "bob", method: "GET", at: NOW } as const;

describe("the keeper of the ledger", () => {
  let path: string;
  let log: LogEvent[];
  let refused: (RefusedRequest & { readonly sender: Sender })[];
  let keeper: LedgerKeeper;
  let troubles: Omit<LedgerTrouble, "count">[];
  const clock = { at: NOW, now: () => clock.at };
  const others: LedgerSite[] = [];

  const activity = {
    given: () => undefined,
    refused: (request: RefusedRequest, sender: Sender) => refused.push({ ...request, sender }),
  };
  const push = (line: LogEvent): void => void log.push(line);
  const logger = { info: push, warn: push, error: push, debug: push };
  const start = (tagEnforcement: "off" | "gate" = "gate"): LedgerKeeper => {
    keeper = keepLedger({
      path,
      migrationsDirectory: "migrations/ledger",
      retentionDays: 90,
      tagEnforcement,
      activity,
      clock,
      log: logger,
    });
    keeper.onTrouble((trouble) => void troubles.push(trouble));
    return keeper;
  };
  const openOther = (): LedgerSite => {
    const other = openLedger({ countsPulls: "gate" }, path);
    others.push(other);
    return other;
  };
  const reach = (name: string) => keeper.findReach(PLACE, digestOf(name));
  const logged = (evt: string) => log.filter((line) => line.evt === evt);

  beforeEach(() => {
    path = join(tempFolder(), "dockwarden-ledger.db");
    [log, refused, troubles] = [[], [], []];
    clock.at = NOW;
    start();
  });
  afterEach(async () => {
    for (const { store } of others.splice(0)) store.close();
    await keeper.stop();
  });

  test("what was received is there when the answer comes, and wakes who waits for it", async () => {
    const waits = [
      keeper.nextChange(PLACE, 60_000),
      keeper.nextChange(PLACE, 60_000),
      keeper.nextChange({ ...PLACE, repository: "team/other" }, 1),
    ];
    const event = pushed(1, "v1", imageOf("a"));
    await keeper.receive([event]);
    expect(await reach("a")).toMatchObject({ isKnown: true, tags: ["v1"] });
    expect(await Promise.all(waits)).toEqual([true, true, false]);
    const again = keeper.nextChange(PLACE, 1);
    await keeper.receive([event]);
    expect(await again).toBe(false);
    const read = keeper.nextChange(PLACE, 60_000);
    keeper.changed(PLACE);
    expect(await read).toBe(true);
    expect(await keeper.findWarnings()).toEqual([]);
  });

  test("G05: while another process holds the file events wait in their order, and reading goes on", async () => {
    await keeper.receive([pushed(1, "v1", imageOf("a"))]);
    const other = openOther();
    other.connection.exec("BEGIN IMMEDIATE");
    for (const at of [2, 3]) await keeper.receive([pushed(at, "v1", imageOf(`b${at}`))]);
    expect(await reach("a")).toMatchObject({ tags: ["v1"] });
    expect(await keeper.findWarnings()).toEqual([
      expect.stringMatching(/^the ledger can't be written \(2 notification.*ledger\.unwritten/),
    ]);
    other.connection.exec("COMMIT");
    await waitUntil("the events to be written", async () => (await reach("b3")).isKnown);
    expect(await reach("b3")).toMatchObject({ tags: ["v1"] });
    expect(await keeper.findWarnings()).toEqual([]);
    expect([logged("ledger.unwritten").length, logged("ledger.written").length]).toEqual([1, 1]);
  });

  test("G05: beyond what may wait events are dropped, counted, and health asks for a reading", async () => {
    const other = openOther();
    other.connection.exec("BEGIN IMMEDIATE");
    const events: RegistryEvent[] = Array.from({ length: EVENTS_WAITING_MAX + 7 }, () =>
      pushed(1, "v1", imageOf("a")),
    );
    await keeper.receive(events);
    expect(logged("ledger.dropped")).toHaveLength(1);
    expect(troubles).toHaveLength(7);
    expect(await keeper.findWarnings()).toEqual([expect.stringMatching(/7 more had no room/)]);
    other.connection.exec("COMMIT");
    const isNoted = async () => (await keeper.use().listTroubles()).length > 0;
    await waitUntil("the trouble to be written", isNoted);
    expect(await keeper.use().listTroubles()).toMatchObject([{ reason: "dropped" }]);
    expect(await keeper.findWarnings()).toEqual([
      expect.stringMatching(/could not be read or kept.*run dockwarden image sync$/),
    ]);
  }, 30_000);

  test("a file that was moved away makes room for a new one", async () => {
    await keeper.receive([pushed(1, "v1", imageOf("a"))]);
    const before = statSync(path).ino;
    renameSync(path, `${path}.old`);
    await waitUntil("the new file", async () => {
      await keeper.receive([pushed(2, "v2", imageOf("b"))]);
      return statSync(path, { throwIfNoEntry: false })?.ino !== undefined;
    });
    expect(statSync(path).ino).not.toBe(before);
    expect(await reach("a")).toMatchObject({ isKnown: false });
  });

  test("an event that the file can't take does not block those behind it", async () => {
    const bad = pushed(1, "v1", { ...imageOf("a"), mediaType: null as unknown as string });
    await keeper.receive([bad, pushed(2, "v2", imageOf("b"))]);
    expect(await reach("b")).toMatchObject({ tags: ["v2"] });
    expect(logged("ledger.dropped")).toMatchObject([{ reason: "failed" }]);
    expect(troubles).toMatchObject([{ service: "registry", reason: "dropped" }]);
  });

  test("a registry that began anew is a trouble until it is read", async () => {
    const event = pushed(1, "v1", imageOf("a"));
    await keeper.receive([event]);
    await keeper.receive([{ ...pushed(2, "v1", imageOf("a")), instance: "two" }]);
    expect(troubles).toEqual([{ service: "registry", reason: "restarted", since: NOW }]);
    expect(await keeper.findWarnings()).toEqual([
      expect.stringMatching(/^the registry registry began anew .*run dockwarden image sync$/),
    ]);
    await keeper.use().clearTroubles("registry", NOW + 1);
    expect(await keeper.findWarnings()).toEqual([]);
  });

  test("pulls that the gate let pass are counted in batches, and at the end", async () => {
    await keeper.receive([pushed(1, "v1", imageOf("a"))]);
    for (const method of ["HEAD", "GET"] as const) keeper.pulled({ ...NOTE, method });
    await keeper.stop();
    start();
    expect(await keeper.use().hasPull(PLACE, "bob", NOW)).toBe(true);
  });

  test("a pull that the gate was not asked about is noted, logged, on record and in health", async () => {
    await keeper.receive([pushed(0, "v1", imageOf("a")), pulled(0, "a"), pulled(1, "a")]);
    clock.at = NOW + 11;
    await waitUntil("the verdict", async () => refused.length === 2);
    expect(refused[0]).toMatchObject({
      isStranger: false,
      isSignIn: false,
      tried: "bob",
      service: "registry",
      image: "team/app",
      reason: "gate_bypassed",
      sender: { address: "192.0.2.1:4000" },
    });
    expect(logged("gate.bypassed")).toMatchObject([{ account: "bob", repository: "team/app" }]);
    expect(await keeper.use().listBypasses(NOW - 1)).toMatchObject([{ account: "bob", count: 2 }]);
    expect(await keeper.findWarnings()).toEqual([
      "gate bypassed: bob pulled team/app from registry without the gate being asked; make the registry's port reachable for the door alone",
    ]);
    clock.at = NOW + 3700;
    expect(await keeper.findWarnings()).toEqual([]);
  });

  test("without a gate events count pulls, and nobody is accused", async () => {
    await keeper.stop();
    start("off");
    await keeper.receive([pushed(0, "v1", imageOf("a")), pulled(0, "a")]);
    expect(await keeper.use().hasPull(PLACE, "bob", NOW)).toBe(true);
    clock.at = NOW + 60;
    await keeper.stop();
    expect(refused).toEqual([]);
    start("off");
  });
});

describe("the watch for pulls past the gate", () => {
  const clock = { at: NOW, now: () => clock.at };
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: ignore, debug: ignore };

  /** Who is accused of what happened, once enough time is over. */
  async function accused(
    happen: (watch: ReturnType<typeof watchGate>) => void,
    passedElsewhere: readonly string[] = [],
  ): Promise<readonly string[]> {
    clock.at = NOW;
    const names: string[] = [];
    const watch = watchGate({
      use: () => ({
        hasPull: async (_place, account) => passedElsewhere.includes(account),
        noteBypass: async ({ account }) => void names.push(account),
      }),
      activity: { given: ignore, refused: () => 1 },
      clock,
      log,
    });
    happen(watch);
    clock.at = NOW + 9;
    await watch.judge();
    expect(names).toEqual([]);
    clock.at = NOW + 10;
    await watch.judge();
    await watch.judge();
    return names;
  }

  test("accuses whom the gate, here or elsewhere, knows nothing of", async () => {
    const happen = (watch: ReturnType<typeof watchGate>): void => {
      for (const actor of ["bob", "eve", "dan", ""]) watch.reported(pulled(0, "a", { actor }));
      watch.passed(NOTE);
      watch.passed({ ...NOTE, account: "dan", repository: "team/other" });
    };
    expect(await accused(happen, ["eve"])).toEqual(["dan", ""]);
  });

  test("takes a registry's clock for no proof: neither one ahead nor one behind accuses", async () => {
    const happen = (watch: ReturnType<typeof watchGate>): void => {
      watch.passed(NOTE);
      watch.reported(pulled(500, "a"));
    };
    expect(await accused(happen)).toEqual([]);
  });

  test("an old pass clears nobody", async () => {
    const happen = (watch: ReturnType<typeof watchGate>): void => {
      watch.passed({ ...NOTE, at: NOW - 61 });
      watch.reported(pulled(0, "a"));
    };
    expect(await accused(happen)).toEqual(["bob"]);
  });

  test("judges neither looks nor pushes nor what happened before it began", async () => {
    const happen = (watch: ReturnType<typeof watchGate>): void => {
      watch.reported(pulled(0, "a", { method: "HEAD" }));
      watch.reported(pushed(0, "v1", imageOf("a")));
      watch.reported(pulled(-1, "a"));
    };
    expect(await accused(happen)).toEqual([]);
  });
});
