// What a manifest says, read from its bytes: what it references and with which sizes. Knows no network.
import { createHash } from "node:crypto";
import type { Reference } from "../domain/ledger.js";
import { isDigest } from "../domain/reference.js";

const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]{1,200}$/;
const SCHEMA_ONE = "application/vnd.docker.distribution.manifest.v1";
const UNKNOWN_TYPE = "application/octet-stream";

/** Configurations that say when the image was made. */
const IMAGE_CONFIGURATIONS = [
  "application/vnd.docker.container.image.v1+json",
  "application/vnd.oci.image.config.v1+json",
];

export interface ManifestDocument {
  readonly mediaType: string;
  readonly references: readonly Reference[];
  /** The configuration that says when the image was made; null: there is none. */
  readonly configuration: Reference | null;
  /** From an annotation; null: none. */
  readonly created: string | null;
}

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Null: no manifest, or one that names something without a digest. `contentType` is the answer's own. */
export function parseManifest(
  body: Buffer,
  contentType: string | undefined,
): ManifestDocument | null {
  const document = parseJson(body);
  if (!isMembers(document)) return null;
  const said = contentType?.split(";")[0]?.trim() ?? "";
  const own = document["mediaType"];
  const mediaType = toMediaType(typeof own === "string" ? own : said, document);
  const parts = partsOf(document);
  if (parts === null) return null;
  const references = parts.map(toReference);
  if (!references.every((reference) => reference !== null)) return null;
  const configuration = references.find((one) => IMAGE_CONFIGURATIONS.includes(one.mediaType));
  // A layer may stand there twice: it is one reference.
  const unique = [...new Map(references.map((one) => [one.digest, one])).values()];
  const annotations = document["annotations"];
  const created = isMembers(annotations) ? annotations["org.opencontainers.image.created"] : null;
  return {
    mediaType,
    references: unique,
    configuration: isMembers(document["config"]) ? (configuration ?? null) : null,
    created: toTime(created),
  };
}

/** `created` of an image's configuration; null: it says none. */
export function parseCreated(body: Buffer): string | null {
  const document = parseJson(body);
  return isMembers(document) ? toTime(document["created"]) : null;
}

/** Whether the bytes are what the digest names; schema 1 digests leave its signatures out and can't be checked so. */
export function isBodyOf(digest: string, body: Buffer, mediaType: string): boolean {
  const [algorithm = "", hex = ""] = digest.split(":");
  if (mediaType.startsWith(SCHEMA_ONE)) return true;
  return createHash(algorithm).update(body).digest("hex") === hex;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

function toMediaType(text: string, document: Members): string {
  if (MEDIA_TYPE.test(text) && text !== "application/json") return text;
  // OCI made the member optional.
  return Array.isArray(document["manifests"])
    ? "application/vnd.oci.image.index.v1+json"
    : "application/vnd.oci.image.manifest.v1+json";
}

/** What stands where descriptors stand; null: something else does. */
function partsOf(document: Members): readonly unknown[] | null {
  const { manifests, config, layers, blobs, fsLayers } = document as Partial<
    Record<"manifests" | "config" | "layers" | "blobs" | "fsLayers", unknown>
  >;
  const lists = [manifests, layers, blobs, fsLayers].filter((list) => list !== undefined);
  if (lists.length === 0 && config === undefined) return null;
  if (!lists.every((list) => Array.isArray(list) || list === null)) return null;
  const parts = lists.flatMap((list): readonly unknown[] => (Array.isArray(list) ? list : []));
  return isMembers(config) ? [config, ...parts] : parts;
}

function toReference(part: unknown): Reference | null {
  if (!isMembers(part)) return null;
  const digest = part["digest"] ?? part["blobSum"];
  if (typeof digest !== "string" || !isDigest(digest)) return null;
  const { mediaType, size } = part as Partial<Record<"mediaType" | "size", unknown>>;
  return {
    digest,
    mediaType:
      typeof mediaType === "string" && MEDIA_TYPE.test(mediaType) ? mediaType : UNKNOWN_TYPE,
    size: typeof size === "number" && Number.isSafeInteger(size) && size >= 0 ? size : null,
  };
}

function toTime(value: unknown): string | null {
  if (
    typeof value !== "string" ||
    !/^\d{4}-\d\d-\d\dT[\d:.]{8,20}(?:Z|[+-]\d\d:\d\d)$/.test(value)
  ) {
    return null;
  }
  return Number.isNaN(Date.parse(value)) ? null : value;
}
