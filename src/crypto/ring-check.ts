// The first ring of a new folder, and whether a ring that is there can be used.
import { createPublicKey } from "node:crypto";
import type { KeyFault } from "../domain/key.js";
import { err, ok, type Result } from "../domain/result.js";
import type { KeyStoreOptions } from "./key-store-options.js";
import { endOf, makeCa, makeSigningKey } from "./make-key.js";
import { checkKeyModes } from "./key-modes.js";
import {
  latestGeneration,
  privateFilesOf,
  readRing,
  writeRing,
  type Ring,
  type RingKey,
} from "./ring.js";
import { keyIn } from "./ring-plan.js";

const DAY = 86_400;
const WARNING_DAYS = 30;

/** readRing with what keeps it from being read in words: wrong owner, or damage. */
export function loadRing(
  directory: string,
  adviseReader = () => "run this as the owner of the store",
): Result<Ring | null, KeyFault> {
  try {
    return ok(readRing(directory));
  } catch (error) {
    return err(describeUnreadable(directory, error as NodeJS.ErrnoException, adviseReader));
  }
}

function describeUnreadable(
  directory: string,
  error: NodeJS.ErrnoException,
  adviseReader: () => string,
): KeyFault {
  const { code, path, message } = error;
  if (code === "EACCES" || code === "EPERM") {
    const reader = process.geteuid?.() ?? "";
    return {
      code: "unreadable",
      message: `${path ?? directory} can't be read by user id ${reader} (${code}); keys, store and server need one owner: ${adviseReader()}`,
    };
  }
  const why = code === undefined ? message : `${code}: ${path ?? directory}`;
  return {
    code: "malformed",
    message: `the key ring in ${directory} is damaged (${why}); restore a backup of that folder`,
  };
}

/** Makes CA and signing key where that is allowed, null where it isn't. */
export async function createRing(options: KeyStoreOptions): Promise<Ring | null> {
  if (!options.mayCreate) return null;
  const now = options.clock.now();
  const ca = await makeCa("active", now);
  const key = await makeSigningKey(ca, options.algorithm, "active", now);
  const ring = { generation: 1, keys: [ca, key] };
  // Another process that starts on the same empty folder may be quicker: its keys are the ones.
  return writeRing(options.directory, ring) ? ring : readRing(options.directory);
}

/** Pairs that do not match, certificates that have expired; null where the ring can be used. */
export function findBroken(ring: Ring, options: KeyStoreOptions): KeyFault | null {
  const now = options.clock.now();
  const active = keyIn(ring.keys, "signing", "active");
  if (active === null) {
    return {
      code: "malformed",
      message: `the key ring in ${options.directory} has no signing key; restore a backup`,
    };
  }
  for (const key of ring.keys) {
    if (!isPair(key)) {
      const message = `key ${key.id} in ${options.directory} does not match its certificate; restore a backup`;
      return { code: "mismatch", message };
    }
  }
  if (options.header !== "x5c") return null;
  if (active.isImported) {
    if (endOf(active.certificatePem) > now) return null;
    return {
      code: "expired",
      message:
        "the imported signing certificate has expired; run dockwarden key import with a new one",
    };
  }
  const ca = keyIn(ring.keys, "ca", "active");
  if (ca !== null && endOf(ca.certificatePem) > now) return null;
  return {
    code: "expired",
    message:
      "the token CA has expired; move the keys folder away, run dockwarden init and give every registry the new certificate",
  };
}

/** A ring that another process has written since, checked as at start; null: there is none. */
export function readNewer(
  generation: number,
  options: KeyStoreOptions,
): Result<Ring | null, KeyFault> {
  const { directory, modeCheck, adviseReader } = options;
  if (latestGeneration(directory) === generation) return ok(null);
  const loaded = loadRing(directory, adviseReader);
  if (!loaded.ok) return loaded;
  const ring = loaded.value;
  if (ring === null) {
    const message = `the keys in ${directory} are gone; restore a backup`;
    return err({ code: "missing", message });
  }
  const modes = checkKeyModes(privateFilesOf(directory, ring), modeCheck);
  const broken = modes.fault ?? findBroken(ring, options);
  if (broken === null) return ok(ring);
  const why = broken.message.replaceAll("\n", "; ");
  return err({ ...broken, message: `newer keys are not used: ${why}` });
}

/** The private key is that of the certificate. */
export function isPair(key: RingKey): boolean {
  try {
    const fromKey = createPublicKey(key.keyPem).export({ type: "spki", format: "der" });
    const inCertificate = createPublicKey(key.certificatePem);
    return fromKey.equals(inCertificate.export({ type: "spki", format: "der" }));
  } catch {
    return false;
  }
}

/** A warning where the CA, or an imported signing certificate, ends within 30 days; null otherwise and in the kid modes. */
export function describeEnding(ring: Ring, options: KeyStoreOptions): string | null {
  if (options.header !== "x5c") return null;
  const imported = ring.keys.find(
    (key) => key.role === "signing" && key.state === "active" && key.isImported,
  );
  const holder = imported ?? keyIn(ring.keys, "ca", "active");
  if (holder === null) return null;
  const days = Math.floor((endOf(holder.certificatePem) - options.clock.now()) / DAY);
  if (days >= WARNING_DAYS) return null;
  const what = imported === undefined ? "token CA" : "imported signing certificate";
  const next = keyIn(ring.keys, holder.role, "prepared");
  if (next !== null && endOf(next.certificatePem) > endOf(holder.certificatePem)) {
    return `the ${what} ends in ${days} days; the next one is prepared: when every registry trusts it, run dockwarden key rotate --activate`;
  }
  return imported === undefined
    ? `the ${what} ends in ${days} days: run dockwarden key rotate --ca`
    : `the ${what} ends in ${days} days: run dockwarden key import with a new one`;
}
