// Digest, size and time of making as a catalogue states them; one that can't be is left out, not its image.
import { isDigest } from "../domain/reference.js";
import type { LineNote, StatedImage } from "../domain/stated-policy.js";
import { readText, scalarOf, type JsonEntry } from "./json-entries.js";

/** RFC 3339; days that a month doesn't have are told by Date.parse. */
const RFC_3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** An absent member, or one that is null, is not stated. */
export function readFacts(entry: JsonEntry, fault: (note: LineNote) => void): StatedImage["facts"] {
  const lineOf = (name: string): number => entry.members.get(name)?.line ?? entry.line;
  const facts: { digest?: string; size?: number; created?: string } = {};
  const digest = readText(entry, "digest", fault);
  if (digest !== null && isDigest(digest) && digest.startsWith("sha256:")) facts.digest = digest;
  else if (digest !== null) {
    const message = "digest is sha256: and 64 hexadecimal digits in lower case; mend it";
    fault({ line: lineOf("digest"), message });
  }
  const created = readText(entry, "created", fault);
  if (created !== null && isTime(created)) facts.created = created;
  else if (created !== null) {
    const message = "created is a time such as 2024-12-05T12:00:00Z; mend it";
    fault({ line: lineOf("created"), message });
  }
  const member = entry.members.get("size");
  const size = member === undefined ? null : scalarOf(member.value);
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 0) facts.size = size;
  else if (size !== null) {
    fault({ line: lineOf("size"), message: "size is a whole number of bytes from 0 on; mend it" });
  }
  return facts;
}

function isTime(text: string): boolean {
  if (!RFC_3339.test(text)) return false;
  // 30 February becomes a day of March.
  const day = Date.parse(`${text.slice(0, 10)}T00:00:00Z`);
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(text.slice(0, 10));
}
