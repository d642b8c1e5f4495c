// A file that decides over accounts, as an operator mounted it: regular, bounded, and nobody's but its owner's to write.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { err, ok, type Result } from "./domain/result.js";

/** What its size may be, in bytes, and in the words of a message: `64 MB`. */
export interface SizeLimit {
  readonly bytes: number;
  readonly words: string;
}

/** Its bytes. The error goes on from the file's name: `can't be read (ENOENT); check …`. Waits for nothing. */
export function readGuardedFile(path: string, limit: SizeLimit): Result<Buffer, string> {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) return err("is not a regular file; name a file");
    // Who can write it can make themselves admin (THREATS K05).
    if ((stat.mode & 0o002) !== 0)
      return err("can be written by others; take that away with chmod o-w");
    if (stat.size > limit.bytes) return err(`is longer than ${limit.words}; name the right file`);
    return ok(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return err(`can't be read (${code ?? "unknown"}); check the path, the mount and its owner`);
  } finally {
    if (file !== null) closeSync(file);
  }
}
