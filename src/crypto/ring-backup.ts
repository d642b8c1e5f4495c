// The key ring as the members of a backup, and back into a folder; old generations are kept aside, never mixed in.
import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { KeyFault } from "../domain/key.js";
import { err, ok, type Result } from "../domain/result.js";
import { isWritable } from "./key-modes.js";
import {
  certificateFile,
  flushFolder,
  formatManifest,
  GENERATION,
  keyFile,
  latestGeneration,
  MANIFEST,
  parseManifest,
  writeRing,
  type RingKey,
} from "./ring.js";
import { isPair, loadRing } from "./ring-check.js";

/** File name → text, as they lie in a generation's folder. Holds private keys: never print it. */
export type RingFiles = ReadonlyMap<string, string>;

/** The newest ring of a folder, every key checked against its certificate; `missing` where there is none. */
export function readRingFiles(directory: string): Result<RingFiles, KeyFault> {
  const loaded = loadRing(directory);
  if (!loaded.ok) return loaded;
  if (loaded.value === null) {
    const message = `there are no token keys in ${directory}; mount them, or back up with --without-keys`;
    return err({ code: "missing", message });
  }
  const { keys } = loaded.value;
  const odd = keys.find((key) => !isPair(key));
  if (odd !== undefined) return err(mismatch(odd, `the keys in ${directory}`));
  return ok(toFiles(keys));
}

function toFiles(keys: readonly RingKey[]): RingFiles {
  return new Map([
    [MANIFEST, formatManifest(keys)],
    ...keys.flatMap((key): [string, string][] => [
      [keyFile(key.id), key.keyPem],
      [certificateFile(key.id), key.certificatePem],
    ]),
  ]);
}

/** The keys of a backup's members; refused where one is missing or does not match its certificate. */
export function parseRingFiles(files: RingFiles): Result<readonly RingKey[], KeyFault> {
  const keys: RingKey[] = [];
  try {
    for (const entry of parseManifest(files.get(MANIFEST) ?? "", MANIFEST)) {
      const keyPem = files.get(keyFile(entry.id));
      const certificatePem = files.get(certificateFile(entry.id));
      if (keyPem === undefined || certificatePem === undefined) {
        return err({ code: "malformed", message: `the backup lacks the files of key ${entry.id}` });
      }
      keys.push({ ...entry, keyPem, certificatePem });
    }
  } catch (error) {
    const { message } = error as Error;
    return err({ code: "malformed", message: `the keys in the backup can't be read: ${message}` });
  }
  const odd = keys.find((key) => !isPair(key));
  if (odd !== undefined) return err(mismatch(odd, "the keys in the backup"));
  const hasActive = keys.some(({ role, state }) => role === "signing" && state === "active");
  if (hasActive) return ok(keys);
  return err({ code: "malformed", message: "the keys in the backup have no signing key" });
}

function mismatch(key: RingKey, where: string): KeyFault {
  const message = `${where} are damaged: key ${key.id} does not match its certificate; take another backup`;
  return { code: "mismatch", message };
}

/** Whether the newest ring of the folder is exactly this one; a damaged one is not. */
export function holdsRing(directory: string, keys: readonly RingKey[]): boolean {
  const loaded = loadRing(directory);
  if (!loaded.ok || loaded.value === null) return false;
  const present = toFiles(loaded.value.keys);
  const wanted = [...toFiles(keys)];
  return (
    present.size === wanted.length && wanted.every(([name, text]) => present.get(name) === text)
  );
}

/** Null, or why `placeRing` would fail. */
export function findUnplaceable(directory: string, keys: readonly RingKey[]): KeyFault | null {
  if (!existsSync(directory) || isWritable(directory) || holdsRing(directory, keys)) return null;
  const message = `${directory} can't be written; restore where the keys live, as their owner`;
  return { code: "not-writable", message };
}

/**
 * Makes these keys the ring of the folder. Other generations move to `directory/aside` first; answers that path, null
 * where there were none. The same keys once more: nothing changes. A kill leaves the old ring, none, or this one.
 */
export function placeRing(
  directory: string,
  keys: readonly RingKey[],
  aside: string,
): string | null {
  if (holdsRing(directory, keys)) return null;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const kept = join(directory, aside);
  const generation = Math.max(latestGeneration(directory), latestGeneration(kept)) + 1;
  for (const name of readdirSync(directory).filter((one) => GENERATION.test(one))) {
    mkdirSync(kept, { recursive: true, mode: 0o700 });
    renameSync(join(directory, name), join(kept, name));
  }
  flushFolder(directory);
  if (!writeRing(directory, { generation, keys })) {
    throw new Error(`another process writes keys into ${directory}; stop it and restore again`);
  }
  return existsSync(kept) ? kept : null;
}
