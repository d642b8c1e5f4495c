// Reads a registry's notifications: an unknown JSON value becomes events of manifests, and counts of the rest. Pure.
import { isManifestType } from "../domain/media-type.js";
import type { Manifest, Reference, RegistryAct, RegistryEvent } from "../domain/ledger.js";
import { isDigest, isTag } from "../domain/reference.js";
import { OWN_SUBJECT } from "../domain/registry-api.js";
import { isRepositoryName } from "../domain/repository-name.js";
import { parseInstant } from "./parse-instant.js";

/** Events of one body; registries send one. */
export const EVENTS_MAX = 1000;
/** References of one manifest; one that has more is taken as if it said nothing of them. */
export const REFERENCES_MAX = 1000;
const ID_MAX = 128;
const NAME_MAX = 255;
const MEDIA_TYPE_MAX = 255;

export interface ReadEvents {
  readonly events: readonly RegistryEvent[];
  /** Of layers, of ourselves, of kinds that we don't know: right, and of no use. */
  readonly ignored: number;
  /** What should have been an event of a manifest and can't be read. */
  readonly broken: number;
}

type Reading = RegistryEvent | "ignored" | "broken";
type Members = Readonly<Record<string, unknown>>;

/**
 * The envelope `{"events":[…]}` of both content types (distribution notifications/event.go). Null: it is no envelope.
 * Nothing in it is trusted: names, tags, digests and times that are none make their event broken.
 */
export function readEvents(body: unknown, service: string): ReadEvents | null {
  const list = membersOf(body)["events"];
  if (!Array.isArray(list)) return null;
  const readings = list.slice(0, EVENTS_MAX).map((event) => readEvent(membersOf(event), service));
  return {
    events: readings.filter((reading) => typeof reading === "object"),
    ignored: readings.filter((reading) => reading === "ignored").length,
    broken:
      readings.filter((reading) => reading === "broken").length + (list.length - readings.length),
  };
}

function readEvent(event: Members, service: string): Reading {
  const action = textOf(event["action"], ID_MAX);
  const target = membersOf(event["target"]);
  const kind = kindOf(action, target);
  if (kind === null) return "ignored";
  const id = textOf(event["id"], ID_MAX);
  const at = parseInstant(textOf(event["timestamp"], ID_MAX) ?? "");
  const repository = textOf(target["repository"], NAME_MAX);
  const actor = textOf(membersOf(event["actor"])["name"] ?? "", NAME_MAX);
  if (id === null || id === "" || at === null || actor === null) return "broken";
  if (repository === null || !isRepositoryName(repository)) return "broken";
  const request = membersOf(event["request"]);
  const address = withoutPort(textOf(request["addr"] ?? "", NAME_MAX) ?? "");
  const about = { service, repository, at, actor, address };
  const act = readAct(kind, target, { about, method: request["method"] });
  if (typeof act === "string") return act;
  const instance = textOf(membersOf(event["source"])["instanceID"] ?? "", ID_MAX) ?? "";
  return { id, instance, act };
}

type Kind = "push" | "pull" | "delete";

/** Null: not of a manifest, or nothing that we know. Deletes carry no media type. */
function kindOf(action: string | null, target: Members): Kind | null {
  if (action === "delete") return "delete";
  if (action !== "push" && action !== "pull") return null;
  const mediaType = textOf(target["mediaType"], MEDIA_TYPE_MAX) ?? "";
  return isManifestType(mediaType) ? action : null;
}

type About = Pick<RegistryAct, "service" | "repository" | "at" | "actor" | "address">;

function readAct(
  kind: Kind,
  target: Members,
  { about, method }: { readonly about: About; readonly method: unknown },
): RegistryAct | "ignored" | "broken" {
  const tag = target["tag"] ?? "";
  const digest = target["digest"] ?? "";
  if (typeof tag !== "string" || !(tag === "" || isTag(tag))) return "broken";
  if (typeof digest !== "string" || !(digest === "" || isDigest(digest))) return "broken";
  if (kind === "delete") {
    if (digest !== "") return { ...about, kind: "delete-manifest", digest };
    return tag === "" ? "broken" : { ...about, kind: "delete-tag", tag };
  }
  if (digest === "") return "broken";
  const named = tag === "" ? null : tag;
  if (kind === "push")
    return { ...about, kind, tag: named, manifest: readManifest(target, digest) };
  if (about.actor === OWN_SUBJECT || (method !== "GET" && method !== "HEAD")) return "ignored";
  return { ...about, kind, method, tag: named, digest };
}

function readManifest(target: Members, digest: string): Manifest {
  return {
    digest,
    mediaType: textOf(target["mediaType"], MEDIA_TYPE_MAX) ?? "",
    size: sizeOf(target["size"] ?? target["length"]),
    references: readReferences(target["references"]),
    created: null,
  };
}

/** Null: not said, or not to be read: then the registry is asked when somebody wants to know. */
function readReferences(value: unknown): readonly Reference[] | null {
  if (!Array.isArray(value) || value.length > REFERENCES_MAX) return null;
  const references: Reference[] = [];
  for (const item of value) {
    const { digest, mediaType, size } = membersOf(item) as Record<
      "digest" | "mediaType" | "size",
      unknown
    >;
    const type = textOf(mediaType ?? "", MEDIA_TYPE_MAX);
    if (typeof digest !== "string" || !isDigest(digest) || type === null) return null;
    references.push({ digest, mediaType: type, size: sizeOf(size) });
  }
  return references;
}

function membersOf(value: unknown): Members {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Members)
    : {};
}

/** Null: no text, a longer one, or one with what no name has: control characters, line ends, marks of direction. */
function textOf(value: unknown, most: number): string | null {
  if (typeof value !== "string" || value.length > most) return null;
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(value) ? null : value;
}

/** `192.0.2.1:4000`, `[::1]:4000` → the address: each connection has another port. */
function withoutPort(address: string): string {
  const [, v6, other] = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$/.exec(address) ?? [];
  return v6 ?? other ?? address;
}

function sizeOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : null;
}
