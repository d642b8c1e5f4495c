// What a client asks a registry for, read as the registry itself would read it: anything else is refused (REGISTRY-FACTS §4.2).
import { isDigest, isTag } from "../domain/reference.js";
import { isRepositoryName } from "../domain/repository-name.js";
import { err, ok, type Result } from "../domain/result.js";

/** What is done, by the method: `other` asks for nothing (OPTIONS). */
export type Access = "read" | "write" | "delete" | "other";

/** A tag, or the digest of content. */
export type Reference = { readonly tag: string } | { readonly digest: string };

export type ProxiedPlace =
  /** `/v2/`, `/v2`, `/v2/_catalog`: nothing of one repository. */
  | { readonly kind: "root" }
  | { readonly kind: "tags"; readonly repository: string }
  | {
      readonly kind: "manifest";
      readonly repository: string;
      readonly reference: Reference;
      /** Tags of `?tag=`, which some registries put along with the manifest. */
      readonly alsoTags: readonly string[];
    }
  | { readonly kind: "blob"; readonly repository: string; readonly digest: string }
  | { readonly kind: "referrers"; readonly repository: string; readonly digest: string }
  | {
      readonly kind: "upload";
      readonly repository: string;
      /** The upload begins, or goes on. */
      readonly isNew: boolean;
      readonly mount: { readonly digest: string; readonly from: string } | null;
    };

export interface ProxiedRequest {
  readonly place: ProxiedPlace;
  readonly access: Access;
  /** GET and HEAD are both `read`. */
  readonly method: string;
}

/** `form-body`: the registry would read parameters out of a body that nobody here can see. */
export type RequestFault = "method" | "path" | "query" | "form-body";

export interface RawRequest {
  readonly method: string;
  /** As the client wrote it, with its query. */
  readonly uri: string;
  /** Every Content-Type that was sent. */
  readonly contentTypes: readonly string[];
}

const ACCESS: Readonly<Record<string, Access>> = {
  GET: "read",
  HEAD: "read",
  PUT: "write",
  POST: "write",
  PATCH: "write",
  DELETE: "delete",
  OPTIONS: "other",
};

const UPLOAD_ID = /^[A-Za-z0-9_.=-]+$/;
/**
 * A registry reads `mount` and `from` out of such bodies, too. It cuts white space of all of Unicode off before it looks, so
 * the words count wherever they stand, and no client sends anything but ASCII here.
 */
const FORM_BODY = /x-www-form-urlencoded|multipart\/|[^\t -~]/i;

/**
 * Reads a request; the path is percent-decoded once, as a registry does. What no client writes (`//`, `..`, `%25`, a query
 * that could be read in two ways) is a fault, so that no other spelling reaches what the plain one would not.
 */
export function readProxiedRequest(raw: RawRequest): Result<ProxiedRequest, RequestFault> {
  const access = Object.hasOwn(ACCESS, raw.method) ? ACCESS[raw.method] : undefined;
  if (access === undefined) return err("method");
  if (access === "write" && raw.contentTypes.some((type) => FORM_BODY.test(type))) {
    return err("form-body");
  }
  const mark = raw.uri.indexOf("?");
  const path = decodePath(mark === -1 ? raw.uri : raw.uri.slice(0, mark));
  if (path === null) return err("path");
  const query = readQuery(mark === -1 ? "" : raw.uri.slice(mark + 1));
  if (query === null) return err("query");
  const place = readPlace(path, query);
  if (!place.ok) return place;
  return ok({ place: place.value, access, method: raw.method });
}

function decodePath(raw: string): string | null {
  if (!/^\/[\x21-\x7e]*$/.test(raw)) return null;
  let path: string;
  try {
    path = decodeURIComponent(raw);
  } catch {
    return null;
  }
  // Registries clean such paths by a redirect, or read them in ways of their own: no client needs them.
  return /^[\x21-\x7e]*$/.test(path) && !/[%\\?#;]|\/\/|\/\.{1,2}(?:\/|$)/.test(path) ? path : null;
}

type Query = ReadonlyMap<string, readonly string[]>;

/** Null where two readers could disagree: bad encoding, semicolons in place of ampersands. */
function readQuery(raw: string): Query | null {
  const values = new Map<string, string[]>();
  for (const pair of raw.split("&")) {
    if (pair === "") continue;
    if (pair.includes(";")) return null;
    const equals = pair.indexOf("=");
    const name = decodeWord(equals === -1 ? pair : pair.slice(0, equals));
    const value = decodeWord(equals === -1 ? "" : pair.slice(equals + 1));
    if (name === null || value === null) return null;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function decodeWord(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

/** By its last segments, because a repository's name may hold every word that a path has. */
function readPlace(path: string, query: Query): Result<ProxiedPlace, RequestFault> {
  if (path === "/v2" || path === "/v2/" || path === "/v2/_catalog") return ok({ kind: "root" });
  if (!path.startsWith("/v2/")) return err("path");
  const segments = path.slice("/v2/".length).split("/");
  const nameOf = (tail: number): string => segments.slice(0, -tail).join("/");
  const [third, second, last] = [segments.at(-3), segments.at(-2), segments.at(-1) ?? ""];
  if (second === "uploads" && third === "blobs" && (last === "" || UPLOAD_ID.test(last))) {
    return readUpload(nameOf(3), last === "", query);
  }
  if (second === "blobs" && last === "uploads") return readUpload(nameOf(2), true, query);
  const repository = nameOf(2);
  if (!isRepositoryName(repository)) return err("path");
  if (second === "tags" && last === "list") return ok({ kind: "tags", repository });
  if (second === "manifests") return readManifest(repository, last, query);
  if (!isDigest(last)) return err("path");
  if (second === "blobs") return ok({ kind: "blob", repository, digest: last });
  if (second === "referrers") return ok({ kind: "referrers", repository, digest: last });
  return err("path");
}

function readManifest(
  repository: string,
  text: string,
  query: Query,
): Result<ProxiedPlace, RequestFault> {
  const alsoTags = query.get("tag") ?? [];
  if (!alsoTags.every(isTag)) return err("query");
  if (isDigest(text)) {
    return ok({ kind: "manifest", repository, reference: { digest: text }, alsoTags });
  }
  // NOTE: a registry takes a digest that it does not understand for a tag; the grammar of tags has no colon.
  if (!isTag(text)) return err("path");
  return ok({ kind: "manifest", repository, reference: { tag: text }, alsoTags });
}

function readUpload(
  repository: string,
  isNew: boolean,
  query: Query,
): Result<ProxiedPlace, RequestFault> {
  if (!isRepositoryName(repository)) return err("path");
  const mounts = query.get("mount") ?? [];
  const froms = query.get("from") ?? [];
  if (mounts.length > 1 || froms.length > 1) return err("query");
  const [digest] = mounts;
  const [from] = froms;
  // Without either of them nothing is mounted, and the registry begins a plain upload.
  if (digest === undefined || from === undefined || from === "" || digest === "") {
    return ok({ kind: "upload", repository, isNew, mount: null });
  }
  if (!isDigest(digest) || !isRepositoryName(from)) return err("query");
  return ok({ kind: "upload", repository, isNew, mount: { digest, from } });
}
