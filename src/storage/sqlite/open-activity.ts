// The file of sums beside the policy's store: its name and its kind.
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

/** "DWRA" */
const KIND: SideFileKind = {
  applicationId: 0x44575241,
  loss: "what was refused and given before",
};

/** `path`: activityPathOf. */
export type OpenActivityOptions = OpenSideFileOptions;

/** `data/dockwarden.db` → `data/dockwarden-activity.db`. */
export function activityPathOf(storePath: string): string {
  return sidePathOf(storePath, "activity");
}

/** An open connection to a file that is ours and up to date, or why there is none; throws nothing. */
export function openActivity(options: OpenActivityOptions): Result<Connection, StoreFault> {
  return openSideFile(options, KIND);
}

/** What an error of the file means, and what to do; the file is named, since it is not the store. */
export function describeActivityError(path: string, error: unknown): StoreFault {
  return describeSideFileError(path, error, KIND);
}
