// Opens the parts that the configuration describes: store, hasher, keys. Starts nothing.
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findActor } from "./actor.js";
import type { AdminContext, AdminSettings } from "./admin/admin-context.js";
import type { LoadedConfig } from "./config/load-config.js";
import { registryUrlsOf } from "./config/registry-urls.js";
import { credentialSecrets } from "./crypto/credential-secret.js";
import { createPasswordHasher } from "./crypto/password-hasher.js";
import { countHashesAtOnce } from "./crypto/pool-priority.js";
import { createPasswordRules } from "./crypto/password-rules.js";
import type { Actor, NewChange } from "./domain/change.js";
import type { KeyStore } from "./domain/key.js";
import { err, ok, type Result } from "./domain/result.js";
import type { SteadySeconds } from "./domain/throttle.js";
import type { Clock } from "./domain/time.js";
import { keyFault, storeFault, type StartFault } from "./start-fault.js";
import { createActivityReader } from "./storage/sqlite/activity-reader.js";
import { activityPathOf } from "./storage/sqlite/open-activity.js";
import { ledgerPathOf } from "./storage/sqlite/open-ledger.js";
import { adviseKeyReader } from "./storage/sqlite/closed-place.js";
import { createLedgerListing } from "./storage/sqlite/ledger-opening.js";
import { openStore } from "./storage/sqlite/open-store.js";
import { dropToStoreOwner } from "./storage/sqlite/store-files.js";
import { findInterruptedRestore, holdStore, type Release } from "./storage/sqlite/store-lock.js";

/** The wall clock of this process. */
export const systemClock: Clock = { now: () => Math.floor(Date.now() / 1000) };

/** Since the machine's start, the same for all of its processes; setting the time of day does not move it. */
export const steadySeconds = (): SteadySeconds => Number(process.hrtime.bigint() / 1_000_000_000n);

/** The folder that holds package.json, whether run from src/ or dist/. */
export const packageRoot = join(dirname(fileURLToPath(import.meta.url)), "..");

/** Where the migrations of the file of sums lie. */
export const activityMigrations = join(packageRoot, "migrations", "activity");

/** Where the migrations of the ledger's file lie. */
export const ledgerMigrations = join(packageRoot, "migrations", "ledger");

/** Where the migrations of the file of wrong passwords lie. */
export const guessMigrations = join(packageRoot, "migrations", "guesses");

/** How long a command waits for a store that another process writes (THREATS L05). */
export const CLI_BUSY_MILLISECONDS = 5000;
const SECONDS_PER_DAY = 86_400;
const SERVER_BUSY_MILLISECONDS = 1000;
/** SQLite waits in the one thread that serves; what lies beside the store can wait for another time. */
export const SIDE_BUSY_MILLISECONDS = 20;

export interface OpenedAdmin extends AdminContext {
  close(): Promise<void>;
}

/** `create` makes a missing store; `migrate` brings an older one up first. */
export interface OpenMode {
  readonly store: "create" | "existing";
  readonly migrate: "apply" | "refuse";
  readonly isServer: boolean;
  /** A large store is looked through after it is open, by whoever says so; absent: at once. */
  readonly isCheckedLater?: boolean;
  /** Threads of the pool that give way to the main thread (lowerPoolPriority); absent: none. */
  readonly threadsGivingWay?: number;
  /** Who is on record for changes; absent: who started the program. */
  readonly actor?: Actor;
  /** Told of every change that is put on record, before it is committed. */
  readonly onChange?: (change: NewChange) => void;
}

/** What the use cases need to know of the configuration. */
export function settingsOf(loaded: LoadedConfig): AdminSettings {
  const { config } = loaded;
  return {
    services: config.token.services,
    reachedServices: [...registryUrlsOf(config).keys()],
    registryHosts: config.registry.hosts,
    registryAddress: config.registry.address,
    policy: {
      unlisted: config.policy.unlisted === "deny" ? [] : config.policy.unlisted,
      hasPersonalNamespace: config.policy.personalNamespace,
      tagEnforcement: config.policy.tagEnforcement,
    },
    passwordMaxAgeDays: config.passwords.maxAgeDays,
    refreshLife: {
      idleSeconds: config.refresh.idleDays * SECONDS_PER_DAY,
      absoluteSeconds: config.refresh.absoluteDays * SECONDS_PER_DAY,
    },
  };
}

/**
 * Run as root on somebody's store, the process becomes that owner. What it loads or reads from then on must be readable to
 * them: a program or a store in a folder of root's own is refused before anything is touched.
 */
export function becomeStoreOwner(storePath: string): StartFault | null {
  const closed = dropToStoreOwner(storePath);
  if (closed !== null) return storeFault(closed);
  try {
    accessSync(join(packageRoot, "migrations"), constants.R_OK | constants.X_OK);
    return null;
  } catch {
    const message = `${packageRoot} can't be read by user id ${process.geteuid?.() ?? "unknown"}, the owner of the store; install Dockwarden where that user can read it`;
    return { exitCode: 3, message };
  }
}

/** Opens the store with everything the use cases need. Run as root on somebody's store, it becomes that owner first. */
export async function openContext(
  loaded: LoadedConfig,
  mode: OpenMode,
): Promise<Result<OpenedAdmin, StartFault>> {
  const { storage, passwords } = loaded.config;
  const unreadable = becomeStoreOwner(storage.path);
  if (unreadable !== null) return err(unreadable);
  const opened = await openStore({
    path: storage.path,
    migrationsDirectory: join(packageRoot, "migrations"),
    busyTimeoutMs: mode.isServer ? SERVER_BUSY_MILLISECONDS : CLI_BUSY_MILLISECONDS,
    mode: mode.store,
    migrate: mode.migrate,
    isServer: mode.isServer,
    isCheckedLater: mode.isCheckedLater ?? false,
    clock: systemClock,
    actor: mode.actor ?? findActor(),
    ...(mode.onChange === undefined ? {} : { onChange: mode.onChange }),
  });
  if (!opened.ok) return err(storeFault(opened.error));
  const store = opened.value;
  const busyTimeoutMs = mode.isServer ? SIDE_BUSY_MILLISECONDS : CLI_BUSY_MILLISECONDS;
  const side = { busyTimeoutMs, clock: systemClock };
  const activity = createActivityReader({
    ...side,
    path: activityPathOf(storage.path),
    migrationsDirectory: activityMigrations,
  });
  const ledger = createLedgerListing({
    ...side,
    path: ledgerPathOf(storage.path),
    migrationsDirectory: ledgerMigrations,
  });
  return ok({
    store,
    activity: activity.log,
    ledger: ledger.listing,
    hasher: createPasswordHasher({
      ...passwords.argon2,
      concurrency: countHashesAtOnce(availableParallelism(), mode.threadsGivingWay ?? 0),
      queueLimit: passwords.queue,
    }),
    passwordRules: createPasswordRules(passwords),
    secrets: credentialSecrets,
    findLock: async (account) => {
      const { readLock } = await import("./storage/sqlite/read-lock.js");
      const { guessesPathOf } = await import("./storage/sqlite/open-guesses.js");
      return readLock(guessesPathOf(storage.path), account, steadySeconds());
    },
    clock: systemClock,
    settings: settingsOf(loaded),
    close: async () => {
      activity.close();
      ledger.close();
      await store.close();
    },
  });
}

/** No restore begins until it is released; refused (75) while one is under way. */
export function holdInstallation(loaded: LoadedConfig): Result<Release, StartFault> {
  const { path } = loaded.config.storage;
  const unreadable = becomeStoreOwner(path);
  if (unreadable !== null) return err(unreadable);
  const held = holdStore(path);
  if (!held.ok) return err(storeFault(held.error));
  const interrupted = findInterruptedRestore(path);
  if (interrupted === null) return held;
  held.value();
  return err(storeFault(interrupted));
}

/**
 * Opens the token keys, not during a restore; `mayCreate` makes a CA and a signing key where there are none. Who changes
 * them afterwards holds the installation meanwhile.
 */
export async function openKeys(
  loaded: LoadedConfig,
  options: { readonly mayCreate: boolean },
): Promise<Result<KeyStore, StartFault>> {
  const held = holdInstallation(loaded);
  if (!held.ok) return held;
  try {
    return await openHeldKeys(loaded, options.mayCreate);
  } finally {
    held.value();
  }
}

/** As `openKeys`, for who holds the installation already. */
export async function openHeldKeys(
  loaded: LoadedConfig,
  mayCreate: boolean,
): Promise<Result<KeyStore, StartFault>> {
  const { keys, token, storage } = loaded.config;
  const foreign = describeForeignKeys(keys.directory, dirname(storage.path));
  if (foreign !== null) return err({ exitCode: 3, message: foreign });
  // Loaded only by what touches keys: X.509 and JOSE are a third of a command's start.
  const { openKeyStore } = await import("./crypto/key-store.js");
  const opened = await openKeyStore({
    ...keys,
    tokenTtlSeconds: token.ttlSeconds,
    clock: systemClock,
    mayCreate,
    adviseReader: () => adviseKeyReader(storage.path, keys.directory),
  });
  if (opened.ok) return opened;
  if (opened.error.code !== "missing" || !existsSync(storage.path)) {
    return err(keyFault(opened.error));
  }
  const message = `there are no token keys in ${keys.directory}, but there is a store: mount them, or restore them from a backup; dockwarden init makes a new CA, and then every registry needs the new ${join(keys.trustDirectory, "token-ca.pem")} and a restart`;
  return err({ exitCode: 3, message });
}

/** Root writes keys that their owner, the server's user, could not read: refused while the store is root's. */
function describeForeignKeys(directory: string, storeFolder: string): string | null {
  if (process.geteuid?.() !== 0) return null;
  const owner = statSync(directory, { throwIfNoEntry: false })?.uid ?? 0;
  if (owner === 0) return null;
  return `${directory} belongs to user id ${owner}, but the store to root: what one writes the other can't read; give both one owner: chown -R ${owner} ${storeFolder}`;
}
