// What a command needs to work on registries: tokens of our keys, the ledger to write to. Loaded only by such commands.
import { randomUUID } from "node:crypto";
import type { LoadedConfig } from "./config/load-config.js";
import type { EpochMicroseconds, LedgerStore } from "./domain/ledger.js";
import type { RegistryFault } from "./domain/registry-api.js";
import { OWN_SUBJECT } from "./domain/registry-api.js";
import type { RegistryWork } from "./domain/registry-work.js";
import { err, ok, type Result } from "./domain/result.js";
import { readRepository, type ReaderContext } from "./ledger/repository-reader.js";
import { syncRegistry, type SyncOrder, type SyncReport } from "./ledger/sync.js";
import { ledgerMigrations, CLI_BUSY_MILLISECONDS, openKeys, systemClock } from "./open-parts.js";
import { openRegistries } from "./open-registries.js";
import type { StartFault } from "./start-fault.js";
import { SqliteLedgerListing } from "./storage/sqlite/ledger-listing.js";
import { SqliteLedgerStore } from "./storage/sqlite/ledger-store.js";
import { ledgerPathOf, openLedger } from "./storage/sqlite/open-ledger.js";

export interface OpenedRegistryWork extends RegistryWork {
  /** Services whose registry has an address. */
  readonly services: readonly string[];
  sync(order: SyncOrder): Promise<Result<SyncReport, RegistryFault>>;
  close(): void;
}

/** The wall clock; a computer's has no more than milliseconds. */
export const systemMicroseconds = (): EpochMicroseconds => Date.now() * 1000;

const READ = { withCreated: false, requestsAtOnce: 6, requestsMax: 200_000, seconds: 3600 };

/** To be called once the store is open (and this process its owner); the file of the ledger is made where it is missing. */
export async function openRegistryWork(
  loaded: LoadedConfig,
): Promise<Result<OpenedRegistryWork, StartFault>> {
  const keys = await openKeys(loaded, { mayCreate: false });
  if (!keys.ok) return keys;
  const opened = openLedger({
    path: ledgerPathOf(loaded.config.storage.path),
    migrationsDirectory: ledgerMigrations,
    busyTimeoutMs: CLI_BUSY_MILLISECONDS,
    clock: systemClock,
  });
  if (!opened.ok) {
    return err({ exitCode: opened.error.code === "busy" ? 75 : 3, message: opened.error.message });
  }
  const store: LedgerStore & { close(): void } = new SqliteLedgerStore(opened.value, {
    countsPulls: "gate",
  });
  const parts = { signer: keys.value, clock: systemClock };
  const registries = openRegistries(loaded, parts, "command");
  const { registry, services } = registries;
  const context: ReaderContext = {
    registry,
    ledger: store,
    listing: new SqliteLedgerListing(opened.value),
    now: systemMicroseconds,
  };
  return ok({
    services,
    sync: (order) => syncRegistry(order, context),
    refresh: async (place) => {
      const read = await readRepository(place, READ, context);
      if (!read.ok) return read;
      if (read.value === null) await store.forgetRepository(place);
      return ok(read.value !== null);
    },
    deleteManifest: async (place, digest) => {
      // Before the registry does it: whatever is pushed after that is later.
      const at = systemMicroseconds();
      const answer = await registry.deleteManifest(place.service, place.repository, digest);
      if (!answer.ok) return answer;
      const { service, repository } = place;
      const about = { service, repository, at, actor: OWN_SUBJECT, address: "" };
      const act = { ...about, kind: "delete-manifest", digest } as const;
      await store.apply([{ id: `own:${randomUUID()}`, instance: "", act }], systemClock.now());
      return answer;
    },
    close: () => {
      registries.close();
      store.close();
    },
  });
}
