// The text of a policy document on the disk: a regular file of a bounded size, in UTF-8. Reads, and judges nothing of it.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { err, ok, type Result } from "./domain/result.js";

const MEGABYTES_MAX = 64;
const BYTES_PER_MEGABYTE = 1_000_000;

/** Without a byte order mark. The error goes on from the file's name: `can't be read (ENOENT); check …`. */
export function readPolicyText(path: string): Result<string, string> {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) return err("is not a regular file; name a file");
    // Who can write it can make themselves admin (THREATS K05).
    if ((stat.mode & 0o002) !== 0)
      return err("can be written by others; take that away with chmod o-w");
    if (stat.size > MEGABYTES_MAX * BYTES_PER_MEGABYTE)
      return err(`is longer than ${MEGABYTES_MAX} MB; name the right file`);
    return decode(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return err(`can't be read (${code ?? "unknown"}); check the path, the mount and its owner`);
  } finally {
    if (file !== null) closeSync(file);
  }
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
