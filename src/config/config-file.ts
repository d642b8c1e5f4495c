// Reads a small text file that an operator named; says in words why it can't be used.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";

/** Bytes; far more than any configuration needs, and little enough for a parser that is slow on nonsense. */
const MAX_SIZE = 64 * 1024;

export type ReadFile =
  | { readonly ok: true; readonly text: string; readonly mode: number }
  | { readonly ok: false; readonly message: string };

/** The text and the mode of one regular file of UTF-8, at most 64 KiB; throws nothing, waits for nothing. */
export function readTextFile(path: string): ReadFile {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) return fail("is not a regular file; name a file");
    if (stat.size > MAX_SIZE) return fail("is larger than 64 KiB; name the right file");
    const text = decode(readFileSync(file));
    if (text === null) return fail("is not UTF-8; save it as UTF-8");
    if (text.includes("\0")) return fail("holds a NUL character; save it as plain text");
    return { ok: true, text, mode: stat.mode };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return fail("does not exist; create it or name another");
    return fail(`can't be read (${code ?? "unknown"}); check the path and its modes`);
  } finally {
    if (file !== null) closeSync(file);
  }
}

const fail = (message: string): ReadFile => ({ ok: false, message });

function decode(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** A path as a shell takes it. */
export function shellQuote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
