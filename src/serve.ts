// Running the server: opens the parts, listens, keeps keys fresh, answers health, stops gracefully.
import type { Server } from "node:http";
import { isIPv6 } from "node:net";
import { lowerPoolPriority } from "./crypto/pool-priority.js";
import { startActivityWriter } from "./activity-writer.js";
import { pruneChanges, pruneCredentials } from "./admin/audit-admin.js";
import { watchClock } from "./clock-watch.js";
import { startCreatedReader } from "./created-reader.js";
import {
  activityMigrations,
  ledgerMigrations,
  openContext,
  openKeys,
  systemClock,
} from "./open-parts.js";
import type { LoadedConfig } from "./config/load-config.js";
import type { KeyStore } from "./domain/key.js";
import { err, ok, type Result } from "./domain/result.js";
import { drain, listen } from "./http/listening.js";
import type { HealthSource } from "./http/health.js";
import type { Logger } from "./http/log.js";
import { createHttpServer, type HttpContext, type ListenerRole } from "./http/server.js";
import { giveBackMemory } from "./give-back.js";
import { createHealth, type ServerParts } from "./health-source.js";
import { createHttpContext, type ServingParts } from "./http-context.js";
import { keepLedger } from "./ledger-keeper.js";
import { startLedgerMender } from "./ledger-mender.js";
import { createLogger } from "./log.js";
import { openGuesses } from "./password-guard.js";
import { openCatalogReader } from "./open-catalog.js";
import { openGate } from "./open-gate.js";
import { openRegistries } from "./open-registries.js";
import { keepPolicyFile } from "./policy-file.js";
import { listenFault, type StartFault } from "./start-fault.js";
import { startStoreCheck } from "./store-check-run.js";
import { activityPathOf } from "./storage/sqlite/open-activity.js";
import { ledgerPathOf } from "./storage/sqlite/open-ledger.js";
import { isLargeStore } from "./storage/sqlite/store-check.js";
import type { Tls } from "./tls-files.js";
import { startUseWriter } from "./use-writer.js";

export interface RunningServer {
  /** `http://host:port` of the public listener. */
  readonly url: string;
  /** Ends with the exit code once the server has stopped. */
  readonly finished: Promise<number>;
  /** Ready turns 503, requests in flight finish, the store is closed; a second call changes nothing. */
  stop(): Promise<void>;
}

const KEY_REFRESH_MILLISECONDS = 1000;
const PRUNE_MILLISECONDS = 86_400_000;
/** How long ready answers 503 on new connections before the listener closes, so that balancers notice. */
const NOTICE_MILLISECONDS = 500;
const DRAIN_MILLISECONDS = 9000;

/** Starts serving an existing store and existing keys; a fault leaves nothing open and nothing changed. */
export async function serve(
  loaded: LoadedConfig,
  tls: Tls,
): Promise<Result<RunningServer, StartFault>> {
  const { config } = loaded;
  const keys = await openKeys(loaded, { mayCreate: false });
  if (!keys.ok) return keys;
  const migrate = config.storage.autoMigrate ? "apply" : "refuse";
  const opened = await openContext(loaded, {
    store: "existing",
    migrate,
    isServer: true,
    isCheckedLater: true,
    threadsGivingWay: await lowerPoolPriority(),
  });
  if (!opened.ok) return opened;
  const log = createLogger(config.log);
  const state = { isStopping: false };
  const sideFile = {
    path: activityPathOf(config.storage.path),
    migrationsDirectory: activityMigrations,
    retentionDays: config.audit.retentionDays,
    clock: systemClock,
    log,
  };
  const activity = startActivityWriter(sideFile);
  const { tagEnforcement } = config.policy;
  const ledger = keepLedger({
    ...sideFile,
    path: ledgerPathOf(config.storage.path),
    migrationsDirectory: ledgerMigrations,
    tagEnforcement,
    activity,
  });
  const uses = startUseWriter(opened.value.store.credentials, log);
  const guesses = openGuesses(config, log);
  const admin = opened.value;
  const catalog = openCatalogReader(config);
  const registries = openRegistries(loaded, { signer: keys.value, clock: systemClock }, "server");
  const gate = openGate({
    config,
    keys: keys.value,
    admin,
    ledger,
    registry: registries.registry,
  });
  const parts: ServingParts = {
    loaded,
    keys: keys.value,
    admin,
    log,
    activity,
    ledger,
    registries,
    uses,
    guesses,
    catalog,
    gate,
    policyFile: await keepPolicyFile({ loaded, clock: systemClock, log }),
  };
  const health = createHealth(parts, state);
  const context = createHttpContext(parts, health, tls);
  await giveBackMemory();
  const started = await startListeners(loaded, context);
  if (!started.ok) {
    await closeParts(parts);
    return started;
  }
  const { servers, url } = started.value;
  const stopWatching = watch(keys.value, log);
  const stopPruning = pruneDaily(parts);
  const { registry } = registries;
  const mender = { registry, ledger, listing: admin.ledger, clock: systemClock, log };
  const stopMending = startLedgerMender(mender);
  const stopReading = startCreatedReader({ registry, ledger, log });
  let exitCode = 0;
  let finish: (code: number) => void = () => undefined;
  const finished = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const stop = async (): Promise<void> => {
    if (state.isStopping) return;
    state.isStopping = true;
    log.info({ evt: "server.stop" });
    await new Promise((resolve) => setTimeout(resolve, NOTICE_MILLISECONDS));
    await Promise.all(servers.map((server) => drain(server, DRAIN_MILLISECONDS)));
    stopWatching();
    stopPruning();
    stopChecking();
    registries.close();
    await stopMending();
    await stopReading();
    await closeParts(parts);
    log.info({ evt: "server.stopped" });
    finish(exitCode);
  };
  const stopChecking = checkLargeStore(parts, () => {
    exitCode = DAMAGED_EXIT;
    void stop();
  });
  try {
    await announce(parts, health, url);
  } catch (error) {
    // A store that can't be read: it listens already, and must not go on without anybody to stop it.
    await stop();
    throw error;
  }
  return ok({ url, finished, stop });
}

async function announce(parts: ServerParts, health: HealthSource, url: string): Promise<void> {
  const { admin, loaded, log } = parts;
  const credentialEpoch = await admin.store.credentialEpoch();
  log.info({ evt: "server.start", url, credentialEpoch });
  for (const reason of loaded.warnings) log.warn({ evt: "config.warning", reason });
  for (const reason of await health.findWarnings()) log.warn({ evt: "server.degraded", reason });
}

/** What a damaged store ends with that is found before the start, too. */
const DAMAGED_EXIT = 3;

/** A small one was looked through when it was opened. */
function checkLargeStore({ loaded, log }: ServerParts, onDamage: () => void): () => void {
  const { path } = loaded.config.storage;
  return isLargeStore(path) ? startStoreCheck({ path, log, onDamage }) : () => undefined;
}

/** Writes what is left; the store goes last. */
async function closeParts(parts: ServingParts): Promise<void> {
  const { uses, ledger, activity, guesses, admin, catalog, registries } = parts;
  await parts.policyFile?.stop();
  catalog?.close();
  registries.close();
  await uses.stop();
  await ledger.stop();
  await activity.stop();
  guesses.stop();
  await admin.close();
}

async function startListeners(
  loaded: LoadedConfig,
  context: HttpContext,
): Promise<Result<{ readonly servers: readonly Server[]; readonly url: string }, StartFault>> {
  const { host, port, internalPort, tls } = loaded.config.server;
  const isSplit = internalPort !== null && internalPort !== port;
  const wanted: { readonly port: number; readonly role: ListenerRole }[] = [
    { port, role: { isPublic: true, isInternal: !isSplit } },
  ];
  if (isSplit) wanted.push({ port: internalPort, role: { isPublic: false, isInternal: true } });
  const servers: Server[] = [];
  let url = "";
  for (const { port: wantedPort, role } of wanted) {
    const server = createHttpServer(context, role);
    try {
      const bound = await listen(server, host, wantedPort);
      const name = isIPv6(host) ? `[${host}]` : host;
      if (url === "") url = `${tls.mode === "files" ? "https" : "http"}://${name}:${bound}`;
      servers.push(server);
    } catch (error) {
      await Promise.all(servers.map((earlier) => drain(earlier, 0)));
      return err(listenFault(error as NodeJS.ErrnoException, host, wantedPort));
    }
  }
  return ok({ servers, url });
}

/** What is older than audit.retentionDays goes, at start and once a day; a store that can't do it now is asked again. */
function pruneDaily({ admin, loaded, log }: ServerParts): () => void {
  const prune = (): void => {
    const { retentionDays } = loaded.config.audit;
    pruneChanges(retentionDays, admin)
      .then(() => pruneCredentials(retentionDays, admin))
      .catch((error: unknown) => {
        log.warn({ evt: "audit.prune", err: error });
      });
  };
  prune();
  const timer = setInterval(prune, PRUNE_MILLISECONDS);
  return () => {
    clearInterval(timer);
  };
}

/** Keys changed by commands are taken over within a second; an exception nobody caught ends the process (THREATS I05). */
function watch(keys: KeyStore, log: Logger): () => void {
  const timer = setInterval(() => {
    void keys.refresh();
  }, KEY_REFRESH_MILLISECONDS);
  const stopClock = watchClock((seconds) => {
    log.warn({ evt: "server.clock_jump", seconds });
  });
  const onUncaught = (error: unknown): void => {
    log.error({ evt: "server.crash", err: error });
    process.exit(1);
  };
  process.on("uncaughtException", onUncaught);
  process.on("unhandledRejection", onUncaught);
  return () => {
    clearInterval(timer);
    stopClock();
    process.off("uncaughtException", onUncaught);
    process.off("unhandledRejection", onUncaught);
  };
}
