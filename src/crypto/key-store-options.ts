// Settings of the token keys (`keys.*`).
import type { KeyAlgorithm, KeyHeader } from "../domain/key.js";
import type { Clock } from "../domain/time.js";

export interface KeyStoreOptions {
  /** Private: the ring. */
  readonly directory: string;
  /** Public: what registries get. */
  readonly trustDirectory: string;
  readonly algorithm: KeyAlgorithm;
  readonly header: KeyHeader;
  readonly modeCheck: "strict" | "warn";
  readonly tokenTtlSeconds: number;
  readonly clock: Clock;
  /** Makes a CA and a signing key where there are none. */
  readonly mayCreate: boolean;
  /** What to do about keys that this user may not read: `run COMMAND`, or words. */
  readonly adviseReader?: () => string;
}
