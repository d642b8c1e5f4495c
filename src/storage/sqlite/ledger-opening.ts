// Looking at the ledger beside its writer: opened when the first question comes, empty where there is no file.
import { existsSync } from "node:fs";
import type { LedgerListing } from "../../domain/ledger-listing.js";
import { StoreUnavailable } from "../../domain/ports.js";
import type { Connection } from "./connection.js";
import type { OpenLedgerOptions } from "./open-ledger.js";
import { watchFile, type FileWatch } from "./file-watch.js";

/** A listing that opens its file when it is first asked; `close` ends it. */
export function createLedgerListing(options: OpenLedgerOptions): {
  readonly listing: LedgerListing;
  close(): void;
} {
  let opened: Connection | null = null;
  let listing: Promise<LedgerListing> | null = null;
  let watch: FileWatch | null = null;
  /** A server runs for long, and the file may be moved away meanwhile. */
  const isMoved = (): boolean => {
    try {
      watch?.("now");
      return false;
    } catch {
      return true;
    }
  };
  const start = async (): Promise<LedgerListing> => {
    // Loaded only by what asks: most commands start quicker without.
    const { openLedger } = await import("./open-ledger.js");
    const { SqliteLedgerListing } = await import("./ledger-listing.js");
    const connected = openLedger(options);
    if (!connected.ok) {
      const { code, message } = connected.error;
      throw new StoreUnavailable(code === "busy" ? "busy" : "failed", message);
    }
    opened = connected.value;
    watch = watchFile(options.path);
    return new SqliteLedgerListing(opened);
  };
  const ask = async <T>(question: (one: LedgerListing) => Promise<T>): Promise<T | null> => {
    if (isMoved()) {
      opened?.close();
      [opened, listing, watch] = [null, null, null];
    }
    if (listing === null && !existsSync(options.path)) return null;
    listing ??= start().catch((error: unknown) => {
      // The next question may find it in order.
      listing = null;
      throw error;
    });
    try {
      return await question(await listing);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || error.cause === undefined) throw error;
      // Damage that shows only now is said to be this file's, not the store's.
      const { describeLedgerError } = await import("./open-ledger.js");
      const { code, message } = describeLedgerError(options.path, error.cause);
      throw new StoreUnavailable(code === "busy" ? "busy" : "failed", message, error);
    }
  };
  return {
    listing: {
      list: async (query) =>
        (await ask((one) => one.list(query))) ?? { repositories: [], total: 0 },
      find: async (service, name) => (await ask((one) => one.find(service, name))) ?? [],
      listNames: async (service) => (await ask((one) => one.listNames(service))) ?? [],
      count: async () => (await ask((one) => one.count())) ?? 0,
      beginsAt: async (service) => ask((one) => one.beginsAt(service)),
      listKnown: async (place) => (await ask((one) => one.listKnown(place))) ?? new Map(),
      findStillNeeded: async (service, digests, gone) =>
        (await ask((one) => one.findStillNeeded(service, digests, gone))) ?? new Set(),
      countIncomplete: async (service) => (await ask((one) => one.countIncomplete(service))) ?? 0,
    },
    close: () => {
      opened?.close();
    },
  };
}
