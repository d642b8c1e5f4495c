// The first member of a backup: what it is, when it was taken, and the sum of every other member.
import { formatTime, type EpochSeconds } from "../domain/time.js";
import { BadBackup } from "./bad-backup.js";

export const STORE_NAME = "store/dockwarden.db";
export const KEYS_FOLDER = "keys/";
export const TRUST_FOLDER = "trust/";
export const CONFIG_NAME = "config/config.yml";
export const SETTINGS_NAME = "config/effective.yml";

const FORMAT = 1;
/** The last second that a date can say (ECMA-262, "Time Values and Time Range"). */
const TIME_MAX = 8.64e12;

export interface ManifestMember {
  readonly name: string;
  readonly size: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  /** Of the program that wrote it. */
  readonly version: string;
  /** Number of the store's newest migration. */
  readonly schema: number;
  readonly credentialEpoch: number;
  /** Everything committed before this moment is in it. */
  readonly takenAt: EpochSeconds;
  readonly hasKeys: boolean;
  readonly members: readonly ManifestMember[];
}

export function formatManifest(manifest: Manifest): string {
  const { takenAt, ...rest } = manifest;
  const text = { format: FORMAT, takenAt, takenAtText: formatTime(takenAt), ...rest };
  return `${JSON.stringify(text, null, 2)}\n`;
}

/** Throws BadBackup where it is not what `formatManifest` wrote. */
export function parseManifest(text: string): Manifest {
  const found = parseJson(text);
  if (typeof found["format"] === "number" && found["format"] > FORMAT) {
    throw new BadBackup(
      `it was written by a newer version (${String(found["version"])}); restore it with that one`,
    );
  }
  const { version, schema, credentialEpoch, takenAt, hasKeys, members } = found;
  const isRight =
    found["format"] === FORMAT &&
    typeof version === "string" &&
    isCount(schema) &&
    isCount(credentialEpoch) &&
    isCount(takenAt) &&
    takenAt <= TIME_MAX &&
    typeof hasKeys === "boolean" &&
    Array.isArray(members) &&
    members.every(isMember);
  if (!isRight) throw new BadBackup("its list of contents is damaged");
  return { version, schema, credentialEpoch, takenAt, hasKeys, members };
}

function parseJson(text: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? { ...found } : {};
  } catch (cause) {
    throw new BadBackup("its list of contents is damaged", { cause });
  }
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

function isMember(value: unknown): value is ManifestMember {
  if (typeof value !== "object" || value === null) return false;
  const { name, size, sha256 } = value as Readonly<Record<string, unknown>>;
  const isName = typeof name === "string" && /^[a-z]+\/[A-Za-z0-9._-]+$/.test(name);
  return isName && isCount(size) && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256);
}
