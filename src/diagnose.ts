// Gathers what the doctor looks at: store and keys as they lie, TLS files, and what the command line named.
import { join } from "node:path";
import type { LoadedConfig } from "./config/load-config.js";
import type { RegistryFile } from "./config/registry-file.js";
import { examineKeys } from "./crypto/examine-keys.js";
import { examine, type Examination } from "./doctor/examine.js";
import { err } from "./domain/result.js";
import { lookAtPolicyFile } from "./look-at-policy-file.js";
import { CLI_BUSY_MILLISECONDS, packageRoot, systemClock } from "./open-parts.js";
import { adviseKeyReader } from "./storage/sqlite/closed-place.js";
import { examineStore } from "./storage/sqlite/examine-store.js";
import { dropToStoreOwner } from "./storage/sqlite/store-files.js";
import { readTls } from "./tls-files.js";

export interface DiagnosisOrder {
  readonly isBeforeStart: boolean;
  readonly registryFile: RegistryFile | null;
  readonly registryUrl: URL | null;
  readonly past: readonly URL[];
  readonly unsafeRuntime: string | null;
}

/** Looks at everything and changes nothing. Run as root on somebody's store, the process becomes that owner first. */
export async function diagnose(loaded: LoadedConfig, order: DiagnosisOrder): Promise<Examination> {
  const { storage, keys, token, server } = loaded.config;
  // Before the process may become the store's owner, who may not read the files.
  const tls = readTls(server.tls);
  const closed = dropToStoreOwner(storage.path);
  const examined = examineStore({
    path: storage.path,
    migrationsDirectory: join(packageRoot, "migrations"),
    busyTimeoutMs: CLI_BUSY_MILLISECONDS,
    now: systemClock.now(),
  });
  const ring = examineKeys({
    ...keys,
    tokenTtlSeconds: token.ttlSeconds,
    clock: systemClock,
    mayCreate: false,
    adviseReader: () => adviseKeyReader(storage.path, keys.directory),
  });
  return examine({
    ...order,
    loaded,
    store: closed === null ? examined : { ...examined, fault: closed },
    keys: ring,
    policyFile: await lookAtPolicyFile(loaded),
    tls: tls.ok ? tls : err(tls.error.message),
    now: systemClock.now(),
  });
}
