// The text of a policy document on the disk: a regular file of a bounded size, in UTF-8. Reads, and judges nothing of it.
import { err, ok, type Result } from "./domain/result.js";
import { readGuardedFile } from "./guarded-file.js";

const LIMIT = { bytes: 64_000_000, words: "64 MB" } as const;

/** Without a byte order mark. The error goes on from the file's name: `can't be read (ENOENT); check …`. */
export function readPolicyText(path: string): Result<string, string> {
  const bytes = readGuardedFile(path, LIMIT);
  return bytes.ok ? decode(bytes.value) : bytes;
}

function decode(bytes: Buffer): Result<string, string> {
  if (bytes.includes(0)) return err("holds a NUL, so that it is no text; save it as UTF-8");
  try {
    // A byte order mark at the beginning is taken away.
    return ok(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return err("is not UTF-8; save it as such");
  }
}
