// Puts the gate together: what it reads, whom it asks, and how it counts what passes.
import type { Config } from "./config/config.js";
import type { KeyStore } from "./domain/key.js";
import type { RegistryFault } from "./domain/registry-api.js";
import { err } from "./domain/result.js";
import { RecentAsks } from "./gate/recent-asks.js";
import type { GateContext, GateLedger, GateReader } from "./gate/gate-context.js";
import { VerifiedTokens } from "./gate/verified-tokens.js";
import type { OpenedAdmin } from "./open-parts.js";

export interface GateParts {
  readonly config: Config;
  readonly keys: KeyStore;
  readonly admin: OpenedAdmin;
  readonly ledger: GateLedger;
  readonly reader: GateReader;
  readonly registry: GateContext["registry"];
}

/** Starts nothing; the parts stay the caller's to close. */
export function openGate({
  config,
  keys,
  admin,
  ledger,
  reader,
  registry,
}: GateParts): GateContext {
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
    reader,
    registry,
    recentAsks: new RecentAsks(),
    clock,
    steadyMilliseconds: () => Number(process.hrtime.bigint() / 1_000_000n),
    decidesBlobs: config.gate.blobs,
  };
}

const UNKNOWN = {
  isKnown: false,
  tags: [],
  pastTags: [],
  hasUntaggedParent: false,
  pushedBy: null,
};
const NO_ADDRESS: RegistryFault = {
  reason: "unknown-address",
  message: "no registry is asked yet",
};

/** Tags are decided; digests of repositories with rules for tags stay unknown. */
export const NO_LEDGER: Pick<GateParts, "ledger" | "reader" | "registry"> = {
  ledger: {
    findReach: async () => UNKNOWN,
    findBlobReach: async () => UNKNOWN,
    pulled: () => undefined,
    nextChange: async () => false,
  },
  reader: { read: async () => err(NO_ADDRESS) },
  registry: { knows: () => false, findDigest: async () => err(NO_ADDRESS) },
};
