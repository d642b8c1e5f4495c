// Puts the gate together: what it reads, whom it asks, and how the ledger is mended by asking registries.
import type { Config } from "./config/config.js";
import type { KeyStore } from "./domain/key.js";
import type { RegistryApi } from "./domain/registry-api.js";
import type { GateContext } from "./gate/gate-context.js";
import { FirstPushes } from "./gate/first-pushes.js";
import { NamedDigests } from "./gate/just-tagged.js";
import { KeptPasses } from "./gate/kept-passes.js";
import { RecentAsks } from "./gate/recent-asks.js";
import { RecentReadings } from "./gate/recent-readings.js";
import { VerifiedTokens } from "./gate/verified-tokens.js";
import type { LedgerKeeper } from "./ledger-keeper.js";
import { createReaderContext } from "./ledger-mender.js";
import { CoalescingReader } from "./ledger/gate-reader.js";
import type { OpenedAdmin } from "./open-parts.js";

export interface GateParts {
  readonly config: Config;
  readonly keys: KeyStore;
  readonly admin: OpenedAdmin;
  readonly ledger: LedgerKeeper;
  readonly registry: RegistryApi;
}

/** Starts nothing and connects to nothing yet; the parts stay the caller's to close. */
export function openGate({ config, keys, admin, ledger, registry }: GateParts): GateContext {
  const { store, settings, clock } = admin;
  return {
    verifier: keys,
    verified: new VerifiedTokens(),
    accounts: store.accounts,
    credentials: store.credentials,
    refreshLife: settings.refreshLife,
    issuer: config.token.issuer,
    services: config.token.services,
    policyReader: store.policy,
    policy: settings.policy,
    ledger,
    reader: new CoalescingReader(createReaderContext({ registry, ledger, listing: admin.ledger })),
    registry,
    storeVersion: () => store.dataVersion(),
    keptPasses: new KeptPasses(),
    recentAsks: new RecentAsks(),
    recentReadings: new RecentReadings(),
    firstPushes: new FirstPushes(),
    namedDigests: new NamedDigests(),
    clock,
    steadyMilliseconds: () => Number(process.hrtime.bigint() / 1_000_000n),
    decidesBlobs: config.gate.blobs,
  };
}
