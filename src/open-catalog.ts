// Puts the filtered catalogue together: the gate's way of reading tokens, the rules, and the names that the ledger has.
import { setImmediate } from "node:timers/promises";
import type { Config } from "./config/config.js";
import type { CatalogReader } from "./domain/ledger.js";
import type { GateContext } from "./gate/gate-context.js";
import type { CatalogEndpoint } from "./http/catalog-endpoint.js";
import {
  ledgerMigrations,
  SIDE_BUSY_MILLISECONDS,
  systemClock,
  type OpenedAdmin,
} from "./open-parts.js";
import { createCatalogReader } from "./storage/sqlite/ledger-catalog.js";
import { ledgerPathOf } from "./storage/sqlite/open-ledger.js";

export type OpenedCatalogReader = CatalogReader & { close(): void };

/** Null where policy.catalog is admin. Opens its file with the first question. */
export function openCatalogReader({ policy, storage }: Config): OpenedCatalogReader | null {
  if (policy.catalog === "admin") return null;
  return createCatalogReader({
    path: ledgerPathOf(storage.path),
    migrationsDirectory: ledgerMigrations,
    busyTimeoutMs: SIDE_BUSY_MILLISECONDS,
    clock: systemClock,
  });
}

/** What the endpoint needs besides what every endpoint has. */
export function openCatalog(
  gate: GateContext,
  { store, settings, clock }: OpenedAdmin,
  repositories: CatalogReader,
): Pick<CatalogEndpoint, "bearer" | "catalog" | "clock"> {
  return {
    bearer: gate,
    clock,
    catalog: {
      policyReader: store.policy,
      policy: settings.policy,
      repositories,
      pause: () => setImmediate(),
    },
  };
}
