// Puts the gate together: what it reads, whom it asks, and how the ledger is mended by asking registries.
import type { LoadedConfig } from "./config/load-config.js";
import type { KeyStore } from "./domain/key.js";
import type { RepositoryPlace } from "./domain/ledger.js";
import type { GateContext } from "./gate/gate-context.js";
import { RecentAsks } from "./gate/recent-asks.js";
import { VerifiedTokens } from "./gate/verified-tokens.js";
import type { LedgerKeeper } from "./ledger-keeper.js";
import { CoalescingReader } from "./ledger/gate-reader.js";
import type { ReaderContext } from "./ledger/repository-reader.js";
import { openRegistries } from "./open-registries.js";
import type { OpenedAdmin } from "./open-parts.js";

export interface GateParts {
  readonly loaded: LoadedConfig;
  readonly keys: KeyStore;
  readonly admin: OpenedAdmin;
  readonly ledger: LedgerKeeper;
}

export interface OpenedGate {
  readonly context: GateContext;
  /** For reading whole registries into the ledger. */
  readonly reading: ReaderContext;
  /** `token.services` whose registry has an address in registry.urls. */
  readonly services: readonly string[];
  /** Closes the connections to registries. */
  close(): void;
}

/** Starts nothing and connects to nothing yet; the parts stay the caller's to close. */
export function openGate({ loaded, keys, admin, ledger }: GateParts): OpenedGate {
  const { store, settings, clock } = admin;
  const { config } = loaded;
  const registries = openRegistries(loaded, { signer: keys, clock }, "server");
  const { registry, services } = registries;
  const reading: ReaderContext = {
    registry,
    ledger: wakingLedger(ledger),
    listing: admin.ledger,
    now: () => Date.now() * 1000,
  };
  const context: GateContext = {
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
    reader: new CoalescingReader(reading),
    registry,
    recentAsks: new RecentAsks(),
    clock,
    steadyMilliseconds: () => Number(process.hrtime.bigint() / 1_000_000n),
    decidesBlobs: config.gate.blobs,
  };
  return {
    context,
    reading,
    services,
    close: () => {
      registries.close();
    },
  };
}

/** What a reading teaches wakes those who wait at the gate. */
function wakingLedger(ledger: LedgerKeeper): ReaderContext["ledger"] {
  const wake = (place: RepositoryPlace): void => {
    ledger.changed(place);
  };
  return {
    applySnapshot: async (snapshot, now) => {
      await ledger.use().applySnapshot(snapshot, now);
      wake(snapshot);
    },
    forgetRepository: async (place) => {
      await ledger.use().forgetRepository(place);
      wake(place);
    },
    clearTroubles: (service, since) => ledger.use().clearTroubles(service, since),
  };
}
