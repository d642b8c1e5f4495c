// A text that a command takes from a file or from standard input: regular files of a bounded size, in UTF-8.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { CliExit } from "./exit.js";
import type { Io } from "./output.js";

const BYTES_PER_MEGABYTE = 1_000_000;

export interface TextInput {
  /** For messages: the path, or `standard input`. */
  readonly name: string;
  /** Without a byte order mark. */
  readonly text: string;
}

/** Reads FILE, or standard input for `-`; exit 2 for what is no regular file, longer than `maxMegabytes`, or not UTF-8. */
export async function readTextInput(
  file: string,
  io: Io,
  maxMegabytes: number,
): Promise<TextInput> {
  const name = file === "-" ? "standard input" : file;
  const bytes = file === "-" ? await readAll(io, maxMegabytes) : readFileOf(file, maxMegabytes);
  return { name, text: decode(bytes, name) };
}

/** A device may have no end, and a pipe no writer: files alone. */
function readFileOf(path: string, maxMegabytes: number): Buffer {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) {
      throw new CliExit(2, `${path} is not a regular file; name a file, or give lines to -`);
    }
    refuseLong(stat.size, path, maxMegabytes);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CliExit) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CliExit(2, `${path} can't be read (${code ?? "unknown"}); check the path`);
  } finally {
    if (file !== null) closeSync(file);
  }
}

async function readAll({ stdin }: Io, maxMegabytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer | string);
    length += bytes.length;
    refuseLong(length, "standard input", maxMegabytes);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function refuseLong(length: number, name: string, maxMegabytes: number): void {
  if (length <= maxMegabytes * BYTES_PER_MEGABYTE) return;
  throw new CliExit(2, `${name} is longer than ${maxMegabytes} MB; split it`);
}

function decode(bytes: Buffer, name: string): string {
  try {
    // A byte order mark at the beginning is taken away.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliExit(2, `${name} is not UTF-8; save it as such`);
  }
}
