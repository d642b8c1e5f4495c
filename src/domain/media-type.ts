// Which media types are manifests, and which of those are lists of others: everything else is a blob.

const INDEX_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.index.v1+json",
]);

const IMAGE_TYPES: ReadonlySet<string> = new Set([
  "application/vnd.docker.distribution.manifest.v2+json",
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
  "application/vnd.oci.image.manifest.v1+json",
  // Gone from the specification, and still in registries.
  "application/vnd.oci.artifact.manifest.v1+json",
]);

/** Every kind of manifest that registries hold. */
export const MANIFEST_TYPES: readonly string[] = [...INDEX_TYPES, ...IMAGE_TYPES];

/** True for lists and indexes, whose references are manifests. */
export function isIndexType(mediaType: string): boolean {
  return INDEX_TYPES.has(mediaType);
}

/** True for manifests of images and for lists of them; false for layers, configurations and what is unknown. */
export function isManifestType(mediaType: string): boolean {
  return IMAGE_TYPES.has(mediaType) || isIndexType(mediaType);
}
