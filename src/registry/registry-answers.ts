// A registry's lists and refusals, read from the bytes of its answers. Knows no network.
import { isTag } from "../domain/reference.js";

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const UNKNOWN_CODES: readonly unknown[] = [
  "NAME_UNKNOWN",
  "MANIFEST_UNKNOWN",
  "BLOB_UNKNOWN",
  "NAME_INVALID",
  "TAG_INVALID",
  "NOT_FOUND",
];

/** A registry's own "there is no such thing"; a 404 in other words (of a proxy, of a web server) is none. */
export function isUnknown({ status, body }: Answer): boolean {
  if (status !== 404) return false;
  const errors = member(parse(body), "errors");
  return Array.isArray(errors) && errors.some((one) => UNKNOWN_CODES.includes(member(one, "code")));
}

/** The list of strings at `key`; an absent or null one is empty, as Distribution writes it. Null: no such answer. */
export function readNames(body: Buffer, key: string): readonly string[] | null {
  const document = parse(body);
  const names = member(document, key);
  if (typeof document !== "object" || document === null || !(key in document)) return null;
  if (names === null) return [];
  if (!Array.isArray(names)) return null;
  return names.filter((name) => typeof name === "string");
}

/** What can't be a tag is left out. */
export function readTags(body: Buffer): readonly string[] | null {
  return readNames(body, "tags")?.filter(isTag) ?? null;
}

/** `</v2/app/tags/list?last=b&n=2>; rel="next"` → `b`. Only `last` is taken: the address itself is never followed. */
export function readNext(link: string | readonly string[] | undefined): string | null {
  const text = typeof link === "string" ? link : (link?.[0] ?? "");
  const target = /<([^>]{1,4096})>\s*;\s*rel="?next"?/.exec(text)?.[1];
  if (target === undefined || !URL.canParse(target, "http://registry")) return null;
  return new URL(target, "http://registry").searchParams.get("last");
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    return null;
  }
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[key]
    : undefined;
}
