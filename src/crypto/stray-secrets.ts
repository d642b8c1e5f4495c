// Secrets that were laid into the folder that registries are given: private keys and backups, whatever they are called.
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { MANIFEST_NAME } from "../domain/backup-mark.js";

/** A folder with more than this is no trust folder; what is in it is looked at no further. */
const FILES_MAX = 1000;
/** Keys are small, and a backup shows at its beginning. */
const LOOKED_AT_BYTES = 65_536;

/** PEM, or a JWK with its private part. */
const PRIVATE_KEY = /PRIVATE KEY-----|"d"\s*:\s*"/;

/** Paths of files that hold a private key or look like a backup; what can't be read is left out. Throws nothing. */
export function findStraySecrets(folder: string): readonly string[] {
  return namesIn(folder)
    .slice(0, FILES_MAX)
    .map((name) => join(folder, name))
    .filter((path) => isSecret(readBeginning(path)));
}

function isSecret(beginning: string): boolean {
  return PRIVATE_KEY.test(beginning) || beginning.startsWith(`${MANIFEST_NAME}\0`);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  } catch {
    return []; // that it can't be looked at is found elsewhere
  }
}

function readBeginning(path: string): string {
  try {
    // Looked at before it is opened: opening a pipe would wait for ever.
    if (!statSync(path).isFile()) return "";
    const bytes = Buffer.alloc(LOOKED_AT_BYTES);
    const descriptor = openSync(path, "r");
    try {
      return bytes.toString("latin1", 0, readSync(descriptor, bytes, 0, LOOKED_AT_BYTES, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return ""; // gone meanwhile, or not readable to this user
  }
}
