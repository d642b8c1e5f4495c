// Keeps the ledger of a running server: takes events at once or later, notes pulls, wakes who waits. Its troubles refuse nobody.
import { setImmediate as giveWay } from "node:timers/promises";
import type { ActivityRecorder } from "./domain/activity.js";
import type {
  LedgerStore,
  LedgerTrouble,
  PullNote,
  RegistryEvent,
  RepositoryPlace,
} from "./domain/ledger.js";
import { StoreUnavailable } from "./domain/ports.js";
import { formatTime, type Clock } from "./domain/time.js";
import type { GateLedger } from "./gate/gate-context.js";
import { watchGate } from "./gate-watch.js";
import type { Logger } from "./http/log.js";
import { keepFile } from "./storage/sqlite/kept-file.js";
import { LedgerQueue } from "./ledger-queue.js";
import { waitForChanges } from "./ledger-waits.js";
import { SqliteLedgerStore } from "./storage/sqlite/ledger-store.js";
import { openLedger } from "./storage/sqlite/open-ledger.js";
import { every } from "./turns.js";

type Trouble = Omit<LedgerTrouble, "count">;

export interface LedgerKeeper extends GateLedger {
  /** Takes what a registry reported, at once or into the queue. Never fails, and never waits for long. */
  receive(events: readonly RegistryEvent[]): Promise<void>;
  /** Notes that something was reported that could not be read. */
  dropped(service: string): void;
  /** The open ledger, for those who read registries; throws StoreUnavailable. `changed` when they are done. */
  use(): LedgerStore;
  /** Wakes who waits for the repository. */
  changed(place: RepositoryPlace): void;
  /** Called with each trouble as it comes up. */
  onTrouble(act: (trouble: Trouble) => void): void;
  /** Called with each event once it is in the ledger. */
  onEvent(act: (event: RegistryEvent) => void): void;
  /** Sentences for health. */
  findWarnings(): Promise<readonly string[]>;
  /** Writes what is left and closes the file. */
  stop(): Promise<void>;
}

export interface LedgerKeeperOptions {
  /** ledgerPathOf. */
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly retentionDays: number;
  /** policy.tagEnforcement. */
  readonly tagEnforcement: "off" | "gate";
  readonly activity: ActivityRecorder;
  readonly clock: Clock;
  readonly log: Logger;
}

/** SQLite waits in the one thread that serves: never for long. */
const BUSY_MILLISECONDS = 20;
const RETRY_MILLISECONDS = 250;
const FLUSH_MILLISECONDS = 2000;
const PRUNE_MILLISECONDS = 86_400_000;
/** Bounds hold between the days too: so many events later it is looked again. */
const PRUNE_EVENTS = 50_000;
const INSTANCES_MAX = 1000;
const SECONDS_PER_DAY = 86_400;
const SECONDS_PER_HOUR = 3600;

/** Opens the file at its first use; one that can't be used is tried again, and what comes waits so long, within bounds. */
export function keepLedger(options: LedgerKeeperOptions): LedgerKeeper {
  const { clock, log } = options;
  const hasGate = options.tagEnforcement === "gate";
  const countsPulls = hasGate ? "gate" : "events";
  const file = keepFile({
    path: options.path,
    open: () => openLedger({ ...options, busyTimeoutMs: BUSY_MILLISECONDS }),
    wrap: (connection) => new SqliteLedgerStore(connection, { countsPulls }),
    watches: "at-times",
  });
  const queue = new LedgerQueue();
  const waits = waitForChanges();
  const gate = hasGate ? watchGate({ ...options, use: () => file.use() }) : null;
  const listeners: ((trouble: Trouble) => void)[] = [];
  const eventListeners: ((event: RegistryEvent) => void)[] = [];
  const instances = new Set<string>();
  let unwritten: string | null = null;
  let lost = 0;
  let written = 0;

  const tell = (trouble: Trouble): void => {
    for (const listener of listeners) listener(trouble);
  };
  const note = (service: string): void => {
    const trouble = { service, reason: "dropped", since: clock.now() } as const;
    queue.addTrouble(trouble);
    tell(trouble);
  };
  const onBad = ({ act }: RegistryEvent, error: unknown): void => {
    log.error({ evt: "ledger.dropped", reason: "failed", service: act.service, err: error });
    note(act.service);
  };
  const lose = ({ act }: RegistryEvent): void => {
    if (lost === 0) log.warn({ evt: "ledger.dropped", reason: "overflow", service: act.service });
    lost += 1;
    note(act.service);
  };
  const attempt = async (act: (store: SqliteLedgerStore) => Promise<void>): Promise<void> => {
    try {
      await act(file.use());
      if (unwritten !== null) log.info({ evt: "ledger.written", lost });
      [unwritten, lost] = [null, 0];
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (unwritten !== reason) log.warn({ evt: "ledger.unwritten", reason });
      unwritten = reason;
    }
  };
  const noteInstances = async (store: SqliteLedgerStore, events: readonly RegistryEvent[]) => {
    for (const { instance, act } of events) {
      const key = `${act.service}\n${instance}`;
      if (instance === "" || instances.has(key)) continue;
      const since = clock.now();
      if (await store.noteInstance(act.service, instance, since)) {
        log.warn({ evt: "ledger.registry_restarted", service: act.service });
        tell({ service: act.service, reason: "restarted", since });
      }
      if (instances.size >= INSTANCES_MAX) instances.clear();
      instances.add(key);
    }
  };
  const drain = (): Promise<void> =>
    attempt(async (store) => {
      for (;;) {
        const fresh = await queue.writeEvents(store, clock.now(), onBad);
        if (fresh === null) return;
        for (const event of fresh) {
          waits.changed(event.act);
          gate?.reported(event);
          for (const listener of eventListeners) listener(event);
        }
        written += fresh.length;
        await noteInstances(store, fresh);
        if (queue.eventCount > 0) await giveWay();
      }
    });
  const flush = (): Promise<void> =>
    attempt(async (store) => {
      await queue.writeRest(store);
      await gate?.judge();
    });
  const prune = (): Promise<void> =>
    attempt(async (store) => {
      const now = clock.now();
      await store.prune(now - options.retentionDays * SECONDS_PER_DAY, now);
    });
  const timers = [
    every(RETRY_MILLISECONDS, async () => {
      if (queue.eventCount > 0) await drain();
    }),
    every(FLUSH_MILLISECONDS, async () => {
      await flush();
      if (written < PRUNE_EVENTS) return;
      written = 0;
      await prune();
    }),
    every(PRUNE_MILLISECONDS, prune),
  ];
  // Waits for no I/O: it is over before the first request.
  void prune();
  return {
    receive: async (events) => {
      const isFree = queue.eventCount === 0;
      for (const event of events) if (!queue.add(event)) lose(event);
      // What waits already is for the timer: each attempt may cost the time of BUSY_MILLISECONDS.
      if (isFree) await drain();
    },
    dropped: note,
    use: () => file.use(),
    changed: (place) => {
      waits.changed(place);
    },
    onTrouble: (act) => void listeners.push(act),
    onEvent: (act) => void eventListeners.push(act),
    version: () => file.use().version(),
    findReach: async (place, digest) => file.use().findReach(place, digest),
    findBlobReach: async (place, digest) => file.use().findBlobReach(place, digest),
    nextChange: (place, milliseconds) => waits.next(place, milliseconds),
    pulled: (pull: PullNote) => {
      // Passed a moment ago in the same way: the gate knows.
      if (queue.addPull(pull) !== "again") gate?.passed(pull);
    },
    findWarnings: async () => {
      const waiting = unwritten === null ? [] : [describeUnwritten(queue.eventCount, lost)];
      try {
        return [...waiting, ...(await describeLedger(file.use(), clock, hasGate))];
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        return waiting.length > 0 ? waiting : [describeUnwritten(queue.eventCount, lost)];
      }
    },
    stop: async () => {
      for (const stop of timers) await stop();
      waits.stop();
      await drain();
      await flush();
      file.close();
    },
  };
}

const describeUnwritten = (count: number, lost: number): string =>
  `the ledger can't be written (${count} notification(s) wait, ${lost} more had no room); the server's log says why (ledger.unwritten)`;

async function describeLedger(
  store: LedgerStore,
  clock: Clock,
  hasGate: boolean,
): Promise<readonly string[]> {
  const troubles = (await store.listTroubles()).map(({ service, reason, since, count }) => {
    const what =
      reason === "dropped"
        ? `${count} notification(s) of ${service} could not be read or kept`
        : `the registry ${service} began anew and may have lost notifications`;
    return `${what} (the last at ${formatTime(since)}): the ledger may lack something; run dockwarden image sync`;
  });
  if (!hasGate) return troubles;
  const bypasses = await store.listBypasses(clock.now() - SECONDS_PER_HOUR);
  const [first] = bypasses;
  if (first === undefined) return troubles;
  const who = first.account === "" ? "somebody without an account" : first.account;
  const others = bypasses.length > 1 ? ` (and ${bypasses.length - 1} more)` : "";
  return [
    ...troubles,
    `gate bypassed: ${who} pulled ${first.repository} from ${first.service}${others} without the gate being asked; make the registry's port reachable for the door alone`,
  ];
}
