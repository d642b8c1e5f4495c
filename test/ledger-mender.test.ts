// The running server reads a registry by itself when its ledger may lack something.
import { afterEach, expect, test } from "@jest/globals";
import type { LedgerStore, LedgerTrouble } from "../src/domain/ledger.js";
import type { LedgerListing } from "../src/domain/ledger-listing.js";
import type { LogEvent } from "../src/http/log.js";
import { startLedgerMender } from "../src/ledger-mender.js";
import { digest, fakeContext, manifest, type FakeContext } from "./support/fake-registry-api.js";
import { waitUntil } from "./support/poll.js";

let stop: () => Promise<void> = async () => undefined;

afterEach(() => stop());

function start(context: FakeContext, troubles: LedgerTrouble[]) {
  const events: LogEvent[] = [];
  const changed: string[] = [];
  const time = { now: 1_800_000_000 };
  const looks = { count: 0 };
  const note = (event: LogEvent): void => void events.push(event);
  const store = {
    ...context.ledger,
    listTroubles: async () => {
      looks.count += 1;
      return [...troubles];
    },
    clearTroubles: async (service: string, since: number) => {
      await context.ledger.clearTroubles(service, since);
      troubles.length = 0;
    },
  } as unknown as LedgerStore;
  stop = startLedgerMender({
    registry: context.registry,
    ledger: { use: () => store, changed: ({ repository }) => void changed.push(repository) },
    listing: context.listing as LedgerListing,
    clock: { now: () => time.now },
    log: { info: note, warn: note, error: note, debug: note },
    lookMilliseconds: 5,
  });
  return { events, changed, time, looks };
}

const trouble = (service: string): LedgerTrouble => ({
  service,
  reason: "restarted",
  since: 1_799_999_000,
  count: 1,
});

function withOne(): FakeContext {
  const context = fakeContext();
  context.tags.set("app", new Map([["v1", digest("a")]]));
  context.manifests.set(digest("a"), manifest("a"));
  return context;
}

test("a trouble is mended, and who waits for what was learnt is woken", async () => {
  const context = withOne();
  const { events, changed } = start(context, [trouble("registry")]);
  await waitUntil("the registry to be read", async () => context.cleared.length > 0);
  expect(changed).toEqual(["app"]);
  expect(events.map(({ evt }) => evt)).toEqual(["ledger.sync", "ledger.synced"]);
});

test("a registry that can't be read is tried again, but not at once", async () => {
  const context = withOne();
  context.faults.set("", { reason: "unreachable", message: "the registry doesn't answer" });
  const { events, time, looks } = start(context, [trouble("registry")]);
  const failures = (): number => events.filter(({ evt }) => evt === "ledger.sync_failed").length;
  await waitUntil("the first try", async () => failures() === 1);
  time.now += 299;
  const before = looks.count;
  await waitUntil("some looks more", async () => looks.count > before + 2);
  expect(failures()).toBe(1);
  context.faults.clear();
  time.now += 1;
  await waitUntil("the second try", async () => context.cleared.length > 0);
});

test("a registry without an address is left to people", async () => {
  const context = withOne();
  const { events } = start(context, [trouble("other"), trouble("registry")]);
  await waitUntil("the one with an address", async () => context.cleared.length > 0);
  expect(events.map((event) => event["service"])).toEqual(["registry", "registry"]);
});

test("J08: a trouble that comes again and again is mended ever more rarely", async () => {
  const context = withOne();
  const troubles = [trouble("registry")];
  const { events, time, looks } = start(context, troubles);
  const syncs = (): number => events.filter(({ evt }) => evt === "ledger.sync").length;
  await waitUntil("the first sync", async () => context.cleared.length === 1);
  for (const [pause, expected] of [
    [300, 2],
    [300, 2],
    [300, 3],
    [600, 3],
    [600, 4],
  ] as const) {
    troubles.push(trouble("registry"));
    time.now += pause;
    const before = looks.count;
    await waitUntil("some looks more", async () => looks.count > before + 2);
    expect(syncs()).toBe(expected);
  }
});
