// The key ring on disk: one generation is one folder, made whole and renamed into place (docs/decisions/0002).
import { randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { KeyState } from "../domain/key.js";
import type { EpochSeconds } from "../domain/time.js";

export interface RingKey {
  readonly id: string;
  readonly role: "ca" | "signing";
  readonly state: KeyState;
  readonly isImported: boolean;
  readonly createdAt: EpochSeconds;
  readonly retiredAt: EpochSeconds | null;
  readonly keyPem: string;
  readonly certificatePem: string;
}

export interface Ring {
  /** From 1; each change makes the next one. */
  readonly generation: number;
  readonly keys: readonly RingKey[];
}

export const MANIFEST = "ring.json";
export const GENERATION = /^ring-(\d{6})$/;
const DRAFT = ".new-";
/** No writer takes nearly as long. */
const ABANDONED_MILLISECONDS = 3_600_000;

const folderName = (generation: number): string => `ring-${String(generation).padStart(6, "0")}`;
export const keyFile = (id: string): string => `${id}.key.pem`;
export const certificateFile = (id: string): string => `${id}.cert.pem`;

/** The number of the newest generation, 0 where there is none; throws where nobody lets us look. */
export function latestGeneration(directory: string): number {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw error;
  }
  return Math.max(0, ...names.map((name) => Number(GENERATION.exec(name)?.[1] ?? 0)));
}

/** Every file of a generation that holds or names a private key, for the check of modes. */
export function privateFilesOf(directory: string, ring: Ring): readonly string[] {
  const folder = join(directory, folderName(ring.generation));
  return ring.keys.map(({ id }) => join(folder, keyFile(id)));
}

/** The newest generation, null where there is none; throws where it can't be read or is not what was written. */
export function readRing(directory: string): Ring | null {
  const generation = latestGeneration(directory);
  if (generation === 0) return null;
  const folder = join(directory, folderName(generation));
  try {
    return { generation, keys: readKeys(folder) };
  } catch (error) {
    // A writer may just have pruned it: then there is a newer one.
    if (latestGeneration(directory) > generation) return readRing(directory);
    throw error;
  }
}

function readKeys(folder: string): readonly RingKey[] {
  return readManifest(join(folder, MANIFEST)).map((key) => ({
    ...key,
    keyPem: readFileSync(join(folder, keyFile(key.id)), "utf8"),
    certificatePem: readFileSync(join(folder, certificateFile(key.id)), "utf8"),
  }));
}

export type Entry = Omit<RingKey, "keyPem" | "certificatePem">;

function readManifest(path: string): readonly Entry[] {
  return parseManifest(readFileSync(path, "utf8"), path);
}

/** The list of keys as it was written; throws with `path` where it is anything else. */
export function parseManifest(text: string, path: string): readonly Entry[] {
  let manifest: unknown = null;
  try {
    manifest = JSON.parse(text);
  } catch {
    // Said below, with the path.
  }
  const keys: unknown = isRecord(manifest) ? manifest["keys"] : null;
  if (!Array.isArray(keys) || !keys.every(isEntry)) {
    throw new Error(`${path} is not the list of keys that was written`);
  }
  return keys;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** An id becomes part of a file's name. */
function isEntry(value: unknown): value is Entry {
  if (!isRecord(value)) return false;
  const { id, role, state, isImported, createdAt, retiredAt } = value;
  return (
    typeof id === "string" &&
    /^[a-z0-9-]+$/i.test(id) &&
    (role === "ca" || role === "signing") &&
    (state === "active" || state === "prepared" || state === "retired") &&
    typeof isImported === "boolean" &&
    Number.isSafeInteger(createdAt) &&
    (retiredAt === null || Number.isSafeInteger(retiredAt))
  );
}

/** The text of `ring.json`. */
export function formatManifest(keys: readonly RingKey[]): string {
  const entries = keys.map(({ keyPem: _key, certificatePem: _certificate, ...rest }) => rest);
  return JSON.stringify({ version: 1, keys: entries }, null, 2);
}

/** Writes a generation; false where another process has written the same one first. Leaves nothing behind. */
export function writeRing(directory: string, ring: Ring): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const draft = join(directory, `${DRAFT}${randomBytes(6).toString("hex")}`);
  mkdirSync(draft, { mode: 0o700 });
  try {
    for (const { id, keyPem, certificatePem } of ring.keys) {
      writeFlushed(join(draft, keyFile(id)), keyPem, 0o600);
      writeFlushed(join(draft, certificateFile(id)), certificatePem, 0o644);
    }
    writeFlushed(join(draft, MANIFEST), formatManifest(ring.keys), 0o600);
    flushFolder(draft);
    renameSync(draft, join(directory, folderName(ring.generation)));
    flushFolder(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  prune(directory, ring.generation);
  return true;
}

/** Exclusive, so that a planted link is never followed (THREATS M03); on disk when it returns. */
export function writeFlushed(path: string, text: string, mode: number): void {
  const descriptor = openSync(path, "wx", mode);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function flushFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Generations before the one in use, and drafts that killed processes left an hour ago or earlier. */
function prune(directory: string, generation: number): void {
  for (const name of readdirSync(directory)) {
    const number = Number(GENERATION.exec(name)?.[1] ?? 0);
    const isOutdated = number > 0 && number < generation;
    if (isOutdated || (name.startsWith(DRAFT) && isAbandoned(join(directory, name)))) {
      rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
}

function isAbandoned(draft: string): boolean {
  const made = statSync(draft, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > ABANDONED_MILLISECONDS;
}
