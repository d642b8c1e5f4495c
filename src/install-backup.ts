// A checked backup in the place of an installation: everything is made ready first, then swapped behind a mark that keeps servers out.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { findActor } from "./actor.js";
import { giveWay } from "./backup/backup-file.js";
import { CONFIG_NAME, STORE_NAME, TRUST_FOLDER } from "./backup/manifest.js";
import { extractMember, readMember, type Archive } from "./backup/read-archive.js";
import type { LoadedConfig } from "./config/load-config.js";
import type { RingKey } from "./crypto/ring.js";
import { findUnplaceable, placeRing } from "./crypto/ring-backup.js";
import { err, ok, type Result } from "./domain/result.js";
import { formatTime } from "./domain/time.js";
import { firstAdminPasswordFileOf } from "./first-admin.js";
import { openHeldKeys, packageRoot, systemClock } from "./open-parts.js";
import { keyFault, storeFault, type StartFault } from "./start-fault.js";
import { readFloorOf } from "./storage/sqlite/restore-floor.js";
import {
  beginRestore,
  finishRestore,
  prepareRestored,
  readMarker,
  replaceStore,
} from "./storage/sqlite/restore-store.js";
import { findStoreUser, restoreMarkerOf, type Release } from "./storage/sqlite/store-lock.js";

export interface Installed {
  readonly storePath: string;
  readonly credentialEpoch: number;
  /** Old files and folders, where they are kept. */
  readonly kept: readonly string[];
  /** The store that was replaced, one of `kept`; null where there was none. Its audit log knows what the backup does not. */
  readonly replacedStore: string | null;
  /** `restored` from the backup, `kept` as they were here, `new` where there were none at all, `unusable`: see notes. */
  readonly keys: "restored" | "kept" | "new" | "unusable";
  /** Registries that were set up before trust another certificate. */
  readonly isCertificateNew: boolean;
  readonly certificateFile: string;
  /** The backup holds a configuration file; it is never put in place. */
  readonly hasConfiguration: boolean;
  readonly notes: readonly string[];
}

export interface Prepared {
  readonly archive: Archive;
  /** Null: the backup was made without. */
  readonly keys: readonly RingKey[] | null;
  /** A private folder on the store's own file system. */
  readonly staging: string;
  /** Ends the lock that keeps everybody else out; called when all is in place. */
  readonly release: Release;
  /** Ends the restore early, before the first change. */
  readonly signal: AbortSignal | undefined;
}

/** A refusal has changed nothing. An exception may come between; then the mark is there, and nothing starts. */
export async function installBackup(
  loaded: LoadedConfig,
  { archive, keys, staging, release, signal }: Prepared,
): Promise<Result<Installed, StartFault>> {
  const { storage, keys: settings } = loaded.config;
  const { path } = storage;
  const { manifest } = archive;
  const unplaceable = keys === null ? null : findUnplaceable(settings.directory, keys);
  if (unplaceable !== null) return err(keyFault(unplaceable));
  const earlier = readMarker(restoreMarkerOf(path));
  const floor = earlier?.floor ?? readFloorOf(path);
  const staged = join(staging, "store.db");
  extractMember(archive, STORE_NAME, staged);
  await giveWay(signal);
  const prepared = prepareRestored(staged, {
    migrationsDirectory: join(packageRoot, "migrations"),
    clock: systemClock,
    backupTakenAt: manifest.takenAt,
    floor,
    hasKeys: keys !== null,
    actor: findActor(),
  });
  if (!prepared.ok) return err({ ...storeFault(prepared.error), exitCode: 1 });
  // Once more: whoever removed the lock's file since then let others in.
  const user = findStoreUser(path);
  if (user !== null) return err({ exitCode: 1, message: user.message });
  const certificateFile = join(settings.trustDirectory, "token-ca.pem");
  const trusted = existsSync(certificateFile) ? sum(readFileSync(certificateFile, "utf8")) : null;

  // The last moment: what has begun is brought to its end.
  await giveWay(signal);
  const suffix = `replaced-${formatTime(systemClock.now()).replace(/\W/g, "")}`;
  const hadStore = existsSync(path);
  const replacement = beginRestore(path, { suffix, hadStore, floor, trusted });
  const keptKeys = keys === null ? null : placeRing(settings.directory, keys, replacement.suffix);
  const replacedStore = replaceStore(path, staged, replacement);
  const keptPassword = putAside(firstAdminPasswordFileOf(loaded), replacement.suffix);
  // The keys write the trust folder: killed before that, the restore is not done, and is repeated.
  const opened = await openHeldKeys(loaded, true);
  finishRestore(path);
  release();

  const inBackup = readMember(archive, `${TRUST_FOLDER}token-ca.pem`);
  const wasTrusted = [inBackup === null ? null : sum(inBackup), replacement.trusted];
  const bundle = opened.ok ? sum(opened.value.bundlePem()) : null;
  return ok({
    storePath: path,
    credentialEpoch: prepared.value,
    kept: [keptKeys, replacedStore, keptPassword].filter((one) => one !== null),
    replacedStore,
    keys: describeKeys(keys !== null, opened.ok ? opened.value.isNew : null),
    isCertificateNew: wasTrusted.some((one) => one !== null && one !== bundle),
    certificateFile,
    hasConfiguration: manifest.members.some(({ name }) => name === CONFIG_NAME),
    notes: opened.ok ? opened.value.warnings() : [opened.error.message],
  });
}

const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

function describeKeys(hasKeys: boolean, isNew: boolean | null): Installed["keys"] {
  if (isNew === null) return "unusable";
  if (hasKeys) return "restored";
  return isNew ? "new" : "kept";
}

/** The filed password is that of the store that was replaced, and goes with it. */
function putAside(file: string, suffix: string): string | null {
  if (!existsSync(file)) return null;
  const aside = `${file}.${suffix}`;
  renameSync(file, aside);
  return aside;
}
