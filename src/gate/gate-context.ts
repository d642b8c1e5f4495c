// What the gate works on; given in whole by the composition root.
import type { ActivityRecorder } from "../domain/activity.js";
import type { CredentialStore, RefreshLife } from "../domain/credential.js";
import type { PolicySettings } from "../domain/decision.js";
import type { LedgerReader, PullNote, RepositoryPlace } from "../domain/ledger.js";
import type { PolicyReader } from "../domain/policy-reader.js";
import type { AccountStore } from "../domain/ports.js";
import type { RegistryApi, RegistryFault } from "../domain/registry-api.js";
import type { Result } from "../domain/result.js";
import type { Clock } from "../domain/time.js";
import type { TokenVerifier } from "../domain/token.js";

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

export interface GateContext {
  readonly verifier: TokenVerifier;
  readonly accounts: Pick<AccountStore, "findSignInById">;
  readonly credentials: Pick<CredentialStore, "presentById">;
  readonly policyReader: PolicyReader;
  readonly policy: PolicySettings;
  readonly refreshLife: RefreshLife;
  readonly ledger: GateLedger;
  readonly reader: GateReader;
  readonly registry: Pick<RegistryApi, "knows" | "findDigest">;
  readonly activity: ActivityRecorder;
  readonly clock: Clock;
  readonly issuer: string;
  /** token.services; the first is meant where a proxy names none. */
  readonly services: readonly string[];
  /** `gate.blobs`. */
  readonly decidesBlobs: boolean;
}
