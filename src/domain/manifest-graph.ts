// Which manifests of a repository lead to which others: indexes name manifests, and those may be indexes.
import type { Manifest } from "./ledger.js";
import { isIndexType } from "./media-type.js";

/** Manifests by digest. */
export type Manifests = ReadonlyMap<string, Manifest>;

/** Manifests that an index names; none for images, and for what isn't known. */
export function childrenOf(manifests: Manifests, digest: string): readonly string[] {
  const found = manifests.get(digest);
  if (found === undefined || !isIndexType(found.mediaType)) return [];
  return (found.references ?? []).map((child) => child.digest);
}

/** The given ones and everything that they lead to, those nearer first. */
export function reachOf(manifests: Manifests, digests: Iterable<string>): ReadonlySet<string> {
  const reached = new Set(digests);
  // NOTE: a set goes on with what is added while it is walked.
  for (const digest of reached) {
    for (const child of childrenOf(manifests, digest)) reached.add(child);
  }
  return reached;
}

/** Bytes by digest: of the given manifests, and of the layers and configurations that they name; unknown sizes are 0. */
export function blobsOf(
  manifests: Manifests,
  digests: Iterable<string>,
): ReadonlyMap<string, number> {
  const blobs = new Map<string, number>();
  for (const digest of digests) {
    const found = manifests.get(digest);
    if (found === undefined) continue;
    blobs.set(digest, found.size ?? 0);
    if (isIndexType(found.mediaType)) continue;
    for (const blob of found.references ?? []) blobs.set(blob.digest, blob.size ?? 0);
  }
  return blobs;
}

/** Bytes of a manifest with everything that it leads to, each blob once. */
export function sizeOf(manifests: Manifests, digests: Iterable<string>): number {
  const blobs = blobsOf(manifests, reachOf(manifests, digests));
  return [...blobs.values()].reduce((sum, size) => sum + size, 0);
}

/** `sha256-<hex>` and `sha256-<hex>.sig`: a tag that belongs to the manifest of that digest (cosign, referrers). Null: it is no such tag. */
export function parentOfTag(tag: string): string | null {
  const found = /^(sha256)-([0-9a-f]{64})(?:\.[A-Za-z0-9_.-]+)?$/.exec(tag);
  return found === null ? null : `${found[1] ?? ""}:${found[2] ?? ""}`;
}
