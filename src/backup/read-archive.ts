// A backup file, read and held against its own sums; nothing in it is believed before that, least of all a path.
import { createHash } from "node:crypto";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { MANIFEST_NAME } from "../domain/backup-mark.js";
import { BadBackup } from "./bad-backup.js";
import { measure, readPieces, writeWhole } from "./file-pieces.js";
import { parseManifest, type Manifest, type ManifestMember } from "./manifest.js";
import { BLOCK, parseHeader } from "./tar-header.js";

/** Members other than the store are texts; the largest is a configuration file. */
const TEXT_BYTES_MAX = 1 << 20;

interface Place {
  readonly at: number;
  readonly size: number;
}

export interface Archive {
  readonly manifest: Manifest;
  readonly descriptor: number;
  readonly places: ReadonlyMap<string, Place>;
}

/** Reads headers and manifest of an open file. Throws BadBackup: no backup, cut off, or not what the manifest lists. */
export function openArchive(descriptor: number): Archive {
  const places = new Map<string, Place>();
  let at = 0;
  for (;;) {
    const block = Buffer.concat([...readPieces(descriptor, at, BLOCK)]);
    if (block.length < BLOCK) throw new BadBackup("it is cut off, or no backup of Dockwarden");
    if (block.every((byte) => byte === 0)) break;
    const entry = parseHeader(block);
    const isFirst = places.size === 0;
    if (entry === null || (isFirst && entry.name !== MANIFEST_NAME)) {
      throw new BadBackup(isFirst ? "it is no backup of Dockwarden" : "it is damaged");
    }
    if (places.has(entry.name)) throw new BadBackup(`it holds ${entry.name} twice`);
    places.set(entry.name, { at: at + BLOCK, size: entry.size });
    at += BLOCK + Math.ceil(entry.size / BLOCK) * BLOCK;
  }
  const manifest = parseManifest(readText(descriptor, places.get(MANIFEST_NAME)));
  const listed = manifest.members.map(({ name }) => name);
  const [odd] = [...places.keys()].filter(
    (name) => name !== MANIFEST_NAME && !listed.includes(name),
  );
  if (odd !== undefined) throw new BadBackup("it holds what its list of contents does not name");
  for (const { name, size } of manifest.members) {
    if (places.get(name)?.size !== size) throw new BadBackup(`${name} is missing or cut off`);
  }
  return { manifest, descriptor, places };
}

function readText(descriptor: number, place: Place | undefined): string {
  const size = place?.size ?? 0;
  if (place === undefined || size > TEXT_BYTES_MAX) throw new BadBackup("it is damaged");
  return Buffer.concat([...readPieces(descriptor, place.at, size)]).toString("utf8");
}

/** Reads everything once and compares every sum; throws BadBackup. */
export function verifyArchive(archive: Archive): void {
  for (const member of archive.manifest.members) {
    const place = placeOf(archive, member);
    const { sha256 } = measure(readPieces(archive.descriptor, place.at, place.size));
    if (sha256 !== member.sha256) throw damaged(member.name);
  }
}

/** A small member as text, its sum checked; null where the backup has none of this name. */
export function readMember(archive: Archive, name: string): string | null {
  const member = archive.manifest.members.find((one) => one.name === name);
  if (member === undefined) return null;
  const text = readText(archive.descriptor, placeOf(archive, member));
  const sha256 = createHash("sha256").update(text).digest("hex");
  if (sha256 !== member.sha256) throw damaged(name);
  return text;
}

/** Writes a member into a new file (0600, flushed), its sum checked on the way. */
export function extractMember(archive: Archive, name: string, target: string): void {
  const member = archive.manifest.members.find((one) => one.name === name);
  if (member === undefined) throw new BadBackup(`it holds no ${name}`);
  const place = placeOf(archive, member);
  const hash = createHash("sha256");
  const descriptor = openSync(target, "wx", 0o600);
  try {
    for (const piece of readPieces(archive.descriptor, place.at, place.size)) {
      hash.update(piece);
      writeWhole(descriptor, piece);
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  if (hash.digest("hex") !== member.sha256) throw damaged(name);
}

function placeOf(archive: Archive, member: ManifestMember): Place {
  const place = archive.places.get(member.name);
  if (place === undefined) throw damaged(member.name);
  return place;
}

function damaged(name: string): BadBackup {
  return new BadBackup(`${name} in it is damaged (its SHA-256 differs)`);
}
