// One password out of a file that somebody names: a regular file with one line.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { err, ok, type Result } from "./domain/result.js";

const BYTES_MAX = 4096;

/** Strips exactly one line end (THREATS L04). The error says what is wrong and what to do, and never what stands there. */
export function readPasswordFile(path: string): Result<string, string> {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) return err("is not a regular file; name a file");
    // Who can write it sets the password of an account, perhaps of an admin (THREATS K05).
    if ((stat.mode & 0o002) !== 0)
      return err("can be written by others; take that away with chmod o-w");
    if (stat.size > BYTES_MAX) return err(`is longer than ${BYTES_MAX} bytes; name the right file`);
    return decode(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return err(`can't be read (${code ?? "unknown"}); check the path and the file's owner`);
  } finally {
    if (file !== null) closeSync(file);
  }
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
