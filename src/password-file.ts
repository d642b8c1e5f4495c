// One password out of a file that somebody names: a regular file with one line.
import { err, ok, type Result } from "./domain/result.js";
import { readGuardedFile } from "./guarded-file.js";

const LIMIT = { bytes: 4096, words: "4096 bytes" } as const;

/** Strips exactly one line end (THREATS L04). The error says what is wrong and what to do, and never what stands there. */
export function readPasswordFile(path: string): Result<string, string> {
  const bytes = readGuardedFile(path, LIMIT);
  return bytes.ok ? decode(bytes.value) : bytes;
}

function decode(bytes: Buffer): Result<string, string> {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return err("is not UTF-8; save it as such");
  }
  if (text.startsWith("\ufeff")) return err("begins with a byte order mark; save it without one");
  const password = text.replace(/\r?\n$/, "");
  if (password === "") return err("is empty; write the password into it");
  if (/[\0\r\n]/.test(password)) return err("has more than one line, or a NUL; write one line");
  return ok(password);
}
