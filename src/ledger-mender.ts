// Reads a registry anew when its ledger may lack something: by itself, slowly, one request at a time.
import type { EpochSeconds, Clock } from "./domain/time.js";
import type { LedgerListing } from "./domain/ledger-listing.js";
import type { RegistryApi } from "./domain/registry-api.js";
import type { Logger } from "./http/log.js";
import type { LedgerKeeper } from "./ledger-keeper.js";
import type { ReaderContext } from "./ledger/repository-reader.js";
import { syncRegistry } from "./ledger/sync.js";
import { every } from "./turns.js";

export interface ReaderParts {
  readonly registry: RegistryApi;
  readonly ledger: Pick<LedgerKeeper, "use" | "changed">;
  readonly listing: LedgerListing;
}

export interface MenderOptions extends ReaderParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** How often it is looked; absent: LOOK_MILLISECONDS. */
  readonly lookMilliseconds?: number;
}

const LOOK_MILLISECONDS = 15_000;
/** A registry that can't be read, or whose trouble comes again and again, is read ever more rarely. */
const PAUSE_SECONDS = 300;
const PAUSE_MAX_SECONDS = 21_600;
const MICROSECONDS_PER_MILLISECOND = 1000;

/** For everything in a running server that reads repositories: what is learnt wakes who waits for it. */
export function createReaderContext({ registry, ledger, listing }: ReaderParts): ReaderContext {
  return {
    registry,
    listing,
    ledger: {
      applySnapshot: async (snapshot, now) => {
        await ledger.use().applySnapshot(snapshot, now);
        ledger.changed(snapshot);
      },
      forgetRepository: async (place) => {
        await ledger.use().forgetRepository(place);
        ledger.changed(place);
      },
      clearTroubles: (service, since) => ledger.use().clearTroubles(service, since),
    },
    now: () => Date.now() * MICROSECONDS_PER_MILLISECOND,
  };
}

/** Answers what ends it; close the registry's connections before, or it may wait for one answer more. */
export function startLedgerMender(options: MenderOptions): () => Promise<void> {
  const { registry, ledger, clock, log } = options;
  const context = createReaderContext(options);
  const tried = new Map<string, { readonly at: EpochSeconds; readonly pause: number }>();
  let isStopping = false;

  const mend = async (service: string): Promise<void> => {
    const at = clock.now();
    const last = tried.get(service);
    const isAgain = last !== undefined && Math.abs(at - last.at) < 2 * last.pause;
    const pause = isAgain ? Math.min(2 * last.pause, PAUSE_MAX_SECONDS) : PAUSE_SECONDS;
    tried.set(service, { at, pause });
    log.info({ evt: "ledger.sync", service });
    const synced = await syncRegistry(
      { service, repositories: [], requestsAtOnce: 1, onProgress: () => !isStopping },
      context,
    );
    if (isStopping) return;
    if (!synced.ok) {
      log.warn({ evt: "ledger.sync_failed", service, reason: synced.error.message });
      return;
    }
    const { repositories, tags, manifests, forgotten, unread } = synced.value;
    const [first] = unread;
    const counts = { repositories, tags, manifests, forgotten: forgotten.length };
    if (first === undefined) log.info({ evt: "ledger.synced", service, ...counts });
    else {
      const reason = `${unread.length} repositories can't be read; ${first.repository}: ${first.message}`;
      log.warn({ evt: "ledger.sync_failed", service, ...counts, reason });
    }
  };

  const isDue = (service: string): boolean => {
    const last = tried.get(service);
    // A clock that was set back must not end the mending.
    return last === undefined || Math.abs(clock.now() - last.at) >= last.pause;
  };

  const look = async (): Promise<void> => {
    try {
      const troubles = await ledger.use().listTroubles();
      for (const service of new Set(troubles.map((one) => one.service))) {
        if (!isStopping && registry.knows(service) && isDue(service)) await mend(service);
      }
    } catch (error) {
      // The ledger's own trouble, which its keeper tells of.
      log.debug({ evt: "ledger.sync_later", err: error });
    }
  };

  const stop = every(options.lookMilliseconds ?? LOOK_MILLISECONDS, look);
  return async () => {
    isStopping = true;
    await stop();
  };
}
