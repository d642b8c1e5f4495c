// How a password comes in: hidden prompt, standard input or file; never from the command line.
import { readFileSync } from "node:fs";
import { CliExit } from "./exit.js";
import type { Io } from "./output.js";
import { refuseNowhere } from "./secret-output.js";
import { ask } from "./prompt.js";

export interface PasswordOptions {
  readonly generate?: boolean;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
}

const INPUT_MAX_BYTES = 4096;

/** Answers the password, or null for `--generate`. */
export type PasswordSource = () => Promise<string | null>;

/**
 * Where the password comes from. A file is read at once: opening a store of somebody else's makes root its owner, who may
 * not read the file. A password that could be shown to nobody is not generated (exit 3). Without a terminal and without an option the source ends the command (exit 2).
 */
export function openPasswordSource(options: PasswordOptions, io: Io): PasswordSource {
  const ways = [
    options.generate === true,
    options.passwordStdin === true,
    options.passwordFile !== undefined,
  ];
  if (ways.filter(Boolean).length > 1) {
    throw new CliExit(2, "give one of --generate, --password-stdin and --password-file");
  }
  if (options.generate === true) {
    refuseNowhere(io, "password", ", or give --password-stdin");
    return () => Promise.resolve(null);
  }
  if (options.passwordStdin === true) return async () => decodePassword(await readAll(io.stdin));
  if (options.passwordFile !== undefined) {
    const password = decodePassword(readPasswordFile(options.passwordFile));
    return () => Promise.resolve(password);
  }
  return () => askTwice(io);
}

async function askTwice(io: Io): Promise<string> {
  if (!io.isTerminal || !io.stdin.isTTY) {
    throw new CliExit(2, "no password: give --generate, --password-stdin or --password-file FILE");
  }
  const first = await askHidden("Password: ", io);
  const second = await askHidden("Again: ", io);
  if (first !== second) throw new CliExit(1, "the two passwords differ; nothing changed");
  return first;
}

async function askHidden(question: string, io: Io): Promise<string> {
  const answer = await ask(question, true, io);
  if (answer === null) throw new CliExit(1, "no password was given; nothing changed");
  return answer;
}

/** Strips exactly one line end; refuses what could never be typed again (THREATS L04). */
export function decodePassword(bytes: Buffer): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new CliExit(2, "the password is not UTF-8");
  }
  if (text.startsWith("\ufeff")) {
    throw new CliExit(2, "the password begins with a byte order mark; save it without one");
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw new CliExit(2, "the password is empty");
  if (/[\0\r\n]/.test(password)) {
    throw new CliExit(2, "the password has more than one line, or a NUL; give one line");
  }
  return password;
}

function readPasswordFile(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliExit(
      2,
      `the password file can't be read (${code ?? "unknown"}); check --password-file`,
    );
  }
}

async function readAll(stdin: NodeJS.ReadStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer | string);
    length += bytes.length;
    if (length > INPUT_MAX_BYTES)
      throw new CliExit(2, "the password on standard input is too long");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
