// Strict reading of a request's target: exact path, percent-decoded once, valid UTF-8 only. Replaces the lenient decoders
// of Node and Express on every path that decides something (THREATS finding 18, A10, A11, C06).
import { err, ok, type Result } from "../domain/result.js";

/** Query strings beyond this many bytes are refused with 400. */
export const QUERY_MAX_BYTES = 8192;

export interface RequestTarget {
  /** As sent, not decoded. */
  readonly path: string;
  /** As sent, without the `?`. */
  readonly rawQuery: string;
}

export type TargetFault =
  "not-origin-form" | "not-ascii" | "query-too-long" | "bad-encoding" | "control-character";

/** Origin-form only (`/token?…`): the absolute form could name another host (THREATS A15). */
export function splitTarget(url: string): Result<RequestTarget, TargetFault> {
  if (!url.startsWith("/")) return err("not-origin-form");
  if (!/^[\x21-\x7e]*$/.test(url)) return err("not-ascii");
  const mark = url.indexOf("?");
  if (mark === -1) return ok({ path: url, rawQuery: "" });
  const rawQuery = url.slice(mark + 1);
  if (rawQuery.length > QUERY_MAX_BYTES) return err("query-too-long");
  return ok({ path: url.slice(0, mark), rawQuery });
}

/** Names and values of a form-encoded text; see parsePairs. */
export function parseForm(text: string): ReturnType<typeof parsePairs> {
  return parsePairs(text.split("&"), NONE);
}

const NONE: ReadonlySet<string> = new Set();

/**
 * Names and values of a form-encoded text that was cut at its `&` (WHATWG URL §5.1), each decoded once; faults instead of
 * U+FFFD. Control characters are a fault too, but in the values of `free`.
 */
export function parsePairs(
  pairs: readonly string[],
  free: ReadonlySet<string>,
): Result<ReadonlyMap<string, readonly string[]>, TargetFault> {
  const values = new Map<string, string[]>();
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals === -1 ? pair : pair.slice(0, equals));
    const value = decode(equals === -1 ? "" : pair.slice(equals + 1));
    if (name === null || value === null) return err("bad-encoding");
    if (hasControl(name) || (hasControl(value) && !free.has(name))) return err("control-character");
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [value]);
    else earlier.push(value);
  }
  return ok(values);
}

/** One name or value; null: bad hex, an overlong form or invalid UTF-8. */
export function decode(text: string): string | null {
  try {
    // Always a copy: a part of a text keeps the whole of it in memory, and a body holds secrets.
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function hasControl(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\u0000-\u001f\u007f-\u009f]/.test(text);
}
