// What the gate works on; given in whole by the composition root.
import type { PolicySettings } from "../domain/decision.js";
import type { LedgerReader, PullNote, RepositoryPlace } from "../domain/ledger.js";
import type { PolicyReader } from "../domain/policy-reader.js";
import type { RegistryApi, RegistryFault } from "../domain/registry-api.js";
import type { Result } from "../domain/result.js";
import type { Clock } from "../domain/time.js";
import type { BearerContext } from "./authenticate-bearer.js";
import type { FirstPushes } from "./first-pushes.js";
import type { NamedDigests } from "./just-tagged.js";
import type { KeptPasses } from "./kept-passes.js";
import type { RecentAsks } from "./recent-asks.js";
import type { RecentReadings } from "./recent-readings.js";

/** The ledger as the gate sees it. */
export interface GateLedger extends LedgerReader {
  /** Notes what passed. Never waits and never fails. */
  pulled(note: PullNote): void;
  /** Ends as soon as something was learnt about the repository (true), or after the time (false). */
  nextChange(place: RepositoryPlace, milliseconds: number): Promise<boolean>;
}

/** Reads a repository's tags and manifests from the registry into the ledger; see ledger/. */
export interface GateReader {
  /** Answers once a reading that began after the call has ended: shared with others who wait, bounded in time and number. */
  read(place: RepositoryPlace): Promise<Result<null, RegistryFault>>;
}

export interface GateContext extends BearerContext {
  readonly policyReader: PolicyReader;
  readonly policy: PolicySettings;
  readonly ledger: GateLedger;
  readonly reader: GateReader;
  readonly registry: Pick<RegistryApi, "knows" | "findDigest" | "readManifest">;
  /** Changes with everything that accounts, credentials and rules are read from; throws StoreUnavailable. */
  readonly storeVersion: () => number;
  readonly keptPasses: KeptPasses;
  readonly recentAsks: RecentAsks;
  readonly namedDigests: NamedDigests;
  readonly firstPushes: FirstPushes;
  readonly recentReadings: RecentReadings;
  readonly clock: Clock;
  /** Milliseconds, for waiting: never goes back. */
  readonly steadyMilliseconds: () => number;
  /** `gate.blobs`. */
  readonly decidesBlobs: boolean;
}
