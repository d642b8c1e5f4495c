// Reads the body of a POST as a form, strictly: one media type, UTF-8, nothing inflated, bounded. Decides nothing.
import type { IncomingMessage } from "node:http";
import { err, ok, type Result } from "../domain/result.js";
import { countHeader } from "./raw-headers.js";
import { parsePairs, type TargetFault } from "./request-target.js";

/** Bodies beyond this many bytes are refused with 413. */
export const BODY_MAX_BYTES = 16_384;
/** And those with more fields. */
export const FIELDS_MAX = 1000;
/** What is a little too long is read to its end, unkept: a close with unread bytes hides the answer from the client. */
const DISCARD_MAX_BYTES = 65_536;

/** `aborted`: the client went away, or was too slow; nobody reads an answer. */
export type BodyFault =
  | "media-type"
  | "content-encoding"
  | "body-too-long"
  | "too-many-fields"
  | "aborted"
  | Extract<TargetFault, "bad-encoding" | "control-character">;

/** Secrets and the name beside them may hold any character: they are compared, never printed (THREATS B08, E11). */
const SECRET_FIELDS: ReadonlySet<string> = new Set(["username", "password", "refresh_token"]);

const FORM =
  /^application\/x-www-form-urlencoded[ \t]*(?:;[ \t]*charset=(?:utf-8|"utf-8")[ \t]*)?$/i;

/**
 * The fields of an `application/x-www-form-urlencoded` body, without charset or in UTF-8 (containerd says so), as they were
 * sent: ASCII, not decoded. Anything else is a fault before a byte of it is kept (THREATS A07 to A09, A19).
 */
export async function readFormBody(
  request: IncomingMessage,
): Promise<Result<readonly string[], BodyFault>> {
  const { headers } = request;
  const type = headers["content-type"] ?? "";
  if (countHeader(request, "content-type") !== 1 || !FORM.test(type)) return err("media-type");
  const isPlain =
    isOrAbsent(headers["content-encoding"], "identity") &&
    isOrAbsent(headers["transfer-encoding"], "chunked");
  if (!isPlain) return err("content-encoding");
  const bytes = await readBytes(request);
  if (!bytes.ok) return bytes;
  const text = bytes.value.toString("latin1");
  // What isn't ASCII has to come percent-encoded: raw bytes would have to be guessed at.
  if (!/^[\x20-\x7e]*$/.test(text)) return err("bad-encoding");
  const fields = text.split("&");
  return fields.length > FIELDS_MAX ? err("too-many-fields") : ok(fields);
}

/** Names and values of all fields, decoded. */
export function parseFields(
  fields: readonly string[],
): Result<ReadonlyMap<string, readonly string[]>, BodyFault> {
  const parsed = parsePairs(fields, SECRET_FIELDS);
  return parsed.ok ? parsed : err(toBodyFault(parsed.error));
}

function isOrAbsent(value: string | undefined, wanted: string): boolean {
  return value === undefined || value.toLowerCase() === wanted;
}

function readBytes(request: IncomingMessage): Promise<Result<Buffer, "body-too-long" | "aborted">> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > DISCARD_MAX_BYTES) return Promise.resolve(err("body-too-long"));
  if (request.destroyed) return Promise.resolve(err("aborted"));
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= BODY_MAX_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (length <= DISCARD_MAX_BYTES) return;
      request.pause();
      resolve(err("body-too-long"));
    });
    request.on("end", () => {
      if (length > BODY_MAX_BYTES) resolve(err("body-too-long"));
      else resolve(ok(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)));
    });
    request.on("close", () => {
      resolve(err("aborted"));
    });
  });
}

function toBodyFault(fault: TargetFault): BodyFault {
  return fault === "control-character" ? fault : "bad-encoding";
}
