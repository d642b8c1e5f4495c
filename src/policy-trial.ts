// A policy document tried on its own: applied to an empty store in memory, which answers questions and is thrown away.
import { join } from "node:path";
import type { AdminContext } from "./admin/admin-context.js";
import { applyPolicy } from "./admin/apply-policy.js";
import type { LoadedConfig } from "./config/load-config.js";
import { err, ok, type Result } from "./domain/result.js";
import { packageRoot, settingsOf, systemClock } from "./open-parts.js";
import {
  readDocument,
  toFileFaults,
  toOrder,
  type DocumentText,
  type FileFault,
} from "./read-policy-file.js";
import { openMemoryStore } from "./storage/sqlite/open-memory-store.js";

export interface PolicyTrial {
  readonly context: Pick<AdminContext, "store" | "clock" | "settings">;
  close(): Promise<void>;
}

/** Needs no store and no keys, and writes nothing; passwords that lie in files are left unread. */
export async function openPolicyTrial(
  loaded: LoadedConfig,
  document: DocumentText,
): Promise<Result<PolicyTrial, readonly FileFault[]>> {
  const settings = settingsOf(loaded);
  const intake = readDocument(document, settings);
  if (intake.faults.length > 0) return err(intake.faults);
  const store = openMemoryStore({
    migrationsDirectory: join(packageRoot, "migrations"),
    clock: systemClock,
  });
  const context = { store, clock: systemClock, settings };
  const applied = await applyPolicy(toOrder(intake.stated), context, null);
  if (applied.ok) return ok({ context, close: () => store.close() });
  await store.close();
  return err(toFileFaults(applied.error));
}
