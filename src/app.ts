// The composition root: configuration → store, keys, hasher → use cases and server. The only place that knows all parts.
import { join } from "node:path";
import type { LoadedConfig } from "./config/load-config.js";
import type { DiagnosisOrder } from "./diagnose.js";
import type { Examination } from "./doctor/examine.js";
import type { NewChange } from "./domain/change.js";
import { err, ok, type Result } from "./domain/result.js";
import type { HashReader } from "./intake/hashes.js";
import type { Backup, BackupOrder } from "./make-backup.js";
import type { OpenedRegistryWork } from "./registry-work.js";
import type { Restored, RestoreOrder } from "./restore-backup.js";
import { createFirstAdmin, readPresetPassword, type FirstAdmin } from "./first-admin.js";
import {
  becomeStoreOwner,
  CLI_BUSY_MILLISECONDS,
  openContext,
  openKeys,
  packageRoot,
  settingsOf,
  systemClock,
  type OpenedAdmin,
} from "./open-parts.js";
import type { PolicyTrial } from "./policy-trial.js";
import type { DocumentText, FileFault } from "./read-policy-file.js";
import type { RunningServer } from "./serve.js";
import type { OpenedShadow, ShadowOrder } from "./shadow-work.js";
import { storeFault, type StartFault } from "./start-fault.js";
import { inspectStore } from "./storage/sqlite/inspect-store.js";
import { migrateStore } from "./storage/sqlite/migrate.js";
import type { Tls } from "./tls-files.js";

export { readImportFiles } from "./crypto/import-files.js";
export { forgetFirstAdminPassword } from "./first-admin.js";
export {
  holdInstallation,
  openKeys,
  packageRoot,
  systemClock,
  type OpenedAdmin,
} from "./open-parts.js";
export type { Backup } from "./make-backup.js";
export type { OpenedRegistryWork } from "./registry-work.js";
export type { Restored } from "./restore-backup.js";
export type { RunningServer } from "./serve.js";
export type { OpenedShadow, ShadowOrder } from "./shadow-work.js";
export type { StartFault } from "./start-fault.js";
export { readTls } from "./tls-files.js";

/**
 * For commands: the store must exist (exit 3 names `init`), unless `mode` is `create`. `onChange` is told of every change
 * that is put on record.
 */
export async function openAdmin(
  loaded: LoadedConfig,
  mode: "create" | "existing",
  onChange?: (change: NewChange) => void,
): Promise<Result<OpenedAdmin, StartFault>> {
  const migrate = mode === "create" ? "apply" : "refuse";
  const told = onChange === undefined ? {} : { onChange };
  return openContext(loaded, { store: mode, migrate, isServer: false, ...told });
}

/** Starts the server. Its parts (HTTP, log) are loaded only now: other commands start quicker without them. */
export async function serve(
  loaded: LoadedConfig,
  tls: Tls,
): Promise<Result<RunningServer, StartFault>> {
  const { serve: start } = await import("./serve.js");
  return start(loaded, tls);
}

/** Finds what is wrong with an installation. Its parts (X.509, JOSE) are loaded only now. */
export async function diagnose(loaded: LoadedConfig, order: DiagnosisOrder): Promise<Examination> {
  const { diagnose: look } = await import("./diagnose.js");
  return look(loaded, order);
}

/** Takes a backup while the server works: see make-backup.ts. */
export async function makeBackup(
  loaded: LoadedConfig,
  order: BackupOrder,
): Promise<Result<Backup, StartFault>> {
  const { makeBackup: make } = await import("./make-backup.js");
  return make(loaded, order);
}

/** Puts a backup in the place of store and keys: see restore-backup.ts. */
export async function restoreBackup(
  loaded: LoadedConfig,
  order: RestoreOrder,
): Promise<Result<Restored, StartFault>> {
  const { restoreBackup: restore } = await import("./restore-backup.js");
  return restore(loaded, order);
}

/** What imports and documents need to judge the hashes in them. */
export async function openHashReader(): Promise<HashReader> {
  const { findHashFault } = await import("./crypto/stored-hash.js");
  const { originOfHash } = await import("./crypto/hash-origin.js");
  return { findFault: findHashFault, originOf: originOfHash };
}

/** Reads policy documents: see read-policy-file.ts. */
export async function openPolicyFile(): Promise<typeof import("./read-policy-file.js")> {
  return import("./read-policy-file.js");
}

/** A policy document in a store that lives in memory alone: see policy-trial.ts. */
export async function openPolicyTrial(
  loaded: LoadedConfig,
  document: DocumentText,
): Promise<Result<PolicyTrial, readonly FileFault[]>> {
  const { openPolicyTrial: open } = await import("./policy-trial.js");
  return open(loaded, document);
}

/** What is wrong with the file that `policy.file` names, as far as it shows without a store; a sentence each. */
export async function examinePolicyFile(loaded: LoadedConfig): Promise<readonly string[]> {
  const { file } = loaded.config.policy;
  if (file === null) return [];
  const { examinePolicyFile: examine, formatFileFault } = await import("./read-policy-file.js");
  const examined = examine(file, settingsOf(loaded));
  return examined.ok ? [] : examined.error.map((fault) => formatFileFault(file, fault));
}

/** Opens what works on registries: see registry-work.ts. */
export async function openRegistryWork(
  loaded: LoadedConfig,
): Promise<Result<OpenedRegistryWork, StartFault>> {
  const { openRegistryWork: open } = await import("./registry-work.js");
  return open(loaded);
}

/** Opens the two sides of a shadow run: see shadow-work.ts. */
export async function openShadow(order: ShadowOrder): Promise<OpenedShadow> {
  const { openShadow: open } = await import("./shadow-work.js");
  return open(order);
}

export interface Initialized {
  /** What was missing and is there now; empty: everything was there already. */
  readonly made: readonly ("store" | "keys" | "admin")[];
  readonly storePath: string;
  readonly keysDirectory: string;
  readonly trustDirectory: string;
  readonly firstAdmin: FirstAdmin | null;
  /** Things worth a look: key warnings, configuration warnings. */
  readonly notes: readonly string[];
}

/**
 * Makes what is missing of store, keys and first admin; on an initialised store changes nothing. Where a store lies
 * without keys, they are lost or not mounted, and new ones put every registry out: made only with `mayReplaceKeys`.
 * `isServedNext`: the server that starts next has a large store looked through.
 */
export async function initialize(
  loaded: LoadedConfig,
  options: { readonly mayReplaceKeys: boolean; readonly isServedNext?: boolean },
): Promise<Result<Initialized, StartFault>> {
  // Read before the process may become the store's owner, who may not read it.
  const preset = readPresetPassword();
  // Looked at first: another process that starts beside us makes its keys before its store.
  const fault = inspectStore(loaded.config.storage.path);
  if (fault !== null && fault.code !== "missing") return err(storeFault(fault));
  const hadStore = fault === null;
  const keys = await openKeys(loaded, { mayCreate: options.mayReplaceKeys || !hadStore });
  if (!keys.ok) return keys;
  const migrate = loaded.config.storage.autoMigrate ? "apply" : "refuse";
  const opened = await openContext(loaded, {
    store: "create",
    migrate,
    isServer: false,
    isCheckedLater: options.isServedNext ?? false,
  });
  if (!opened.ok) return opened;
  const context = opened.value;
  try {
    const isTerminal = process.stdout.isTTY;
    const firstAdmin = await createFirstAdmin(loaded, context, { isTerminal, preset });
    if (!firstAdmin.ok) return firstAdmin;
    const made = [
      ...(hadStore ? [] : (["store"] as const)),
      ...(keys.value.isNew ? (["keys"] as const) : []),
      ...(firstAdmin.value === null ? [] : (["admin"] as const)),
    ];
    return ok({
      made,
      storePath: loaded.config.storage.path,
      keysDirectory: loaded.config.keys.directory,
      trustDirectory: loaded.config.keys.trustDirectory,
      firstAdmin: firstAdmin.value,
      notes: [...loaded.warnings, ...keys.value.warnings()],
    });
  } finally {
    await context.close();
  }
}

/** Applies what is missing of the numbered migrations, after a copy of the store. */
export async function migrate(
  loaded: LoadedConfig,
): Promise<
  Result<{ readonly applied: readonly string[]; readonly copy: string | null }, StartFault>
> {
  const unreadable = becomeStoreOwner(loaded.config.storage.path);
  if (unreadable !== null) return err(unreadable);
  const migrated = await migrateStore({
    path: loaded.config.storage.path,
    migrationsDirectory: join(packageRoot, "migrations"),
    busyTimeoutMs: CLI_BUSY_MILLISECONDS,
    clock: systemClock,
  });
  return migrated.ok ? migrated : err(storeFault(migrated.error));
}
