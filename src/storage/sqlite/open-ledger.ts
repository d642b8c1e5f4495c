// The file of the ledger beside the policy's store: its name and its kind.
import type { Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Connection } from "./connection.js";
import {
  describeSideFileError,
  openSideFile,
  sidePathOf,
  type OpenSideFileOptions,
  type SideFileKind,
} from "./open-side-file.js";

/** "DWRL" */
const KIND: SideFileKind = {
  applicationId: 0x4457524c,
  loss: "what was known of registries and of pulls",
};

/** `path`: ledgerPathOf. */
export type OpenLedgerOptions = OpenSideFileOptions;

/** `data/dockwarden.db` → `data/dockwarden-ledger.db`. */
export function ledgerPathOf(storePath: string): string {
  return sidePathOf(storePath, "ledger");
}

/** An open connection to a file that is ours and up to date, or why there is none; throws nothing. */
export function openLedger(options: OpenLedgerOptions): Result<Connection, StoreFault> {
  return openSideFile(options, KIND);
}

/** What an error of the file means, and what to do; the file is named, since it is not the store. */
export function describeLedgerError(path: string, error: unknown): StoreFault {
  return describeSideFileError(path, error, KIND);
}
