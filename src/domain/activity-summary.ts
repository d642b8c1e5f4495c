// A stretch of refusals and tokens, counted up: what audit summary is made of.
import type { EpochSeconds } from "./time.js";

/** Sign-ins that failed for one reason. */
export interface SignInFailures {
  readonly tried: string;
  /** `bad_password`, `disabled`, `credential_revoked`, …: as the log has it. */
  readonly reason: string;
  readonly count: number;
  readonly lastAt: EpochSeconds;
  /** As many as are on record. */
  readonly addresses: readonly string[];
}

export interface ActivitySummary {
  readonly refusedCount: number;
  readonly givenCount: number;
  /** Equal refusals, the most first. */
  readonly refusals: readonly {
    readonly tried: string;
    readonly image: string;
    readonly asked: string;
    readonly reason: string;
    readonly count: number;
    readonly lastAt: EpochSeconds;
  }[];
  /** Of names that an account has, the most first. */
  readonly failures: readonly SignInFailures[];
  readonly unknownNames: {
    readonly count: number;
    readonly names: readonly string[];
    readonly addresses: readonly string[];
  };
  /** Accounts with tokens before, at addresses that they had none from before. */
  readonly newAddresses: readonly {
    readonly account: string;
    readonly addresses: readonly string[];
  }[];
  /** Refused because the server or its store was too busy. */
  readonly shedCount: number;
  /** In the rows for all the rest. */
  readonly restCount: number;
  readonly accounts: readonly { readonly account: string; readonly count: number }[];
  readonly images: readonly { readonly image: string; readonly count: number }[];
}
