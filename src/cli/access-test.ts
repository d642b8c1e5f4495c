// `dockwarden access test FILE`: rules tried like unit tests; what is not so is shown as a diff.
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { testExpectations as tryExpectations, type Verdict } from "../admin/expectations.js";
import { formatActions } from "../admin/effect.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import { formatSubjectName } from "../admin/subject-reference.js";
import { CliExit } from "./exit.js";
import type { Io } from "./output.js";
import type { Session } from "./session.js";

const FILE_MAX_BYTES = 10_000_000;

/** Exit 0 where every line is so, 1 where some are not, 2 where the file has faults: then nothing was tried. */
export async function testExpectations(session: Session, file: string): Promise<void> {
  const name = file === "-" ? "standard input" : file;
  const text = decode(file === "-" ? await readAll(session.io, name) : readFileOf(file), name);
  const isMet = await session.withAdmin(async (context) => {
    const tried = await tryExpectations(text, context);
    if (!tried.ok) {
      const lines = tried.error.map(({ line, message }) => `${name}:${line}: ${message}`);
      throw new CliExit(2, lines.join("\n"));
    }
    const verdicts = tried.value;
    if (verdicts.length === 0) {
      throw new CliExit(2, `${name} has no expectation; write lines such as: reader can pull app`);
    }
    const failed = verdicts.filter((verdict) => !verdict.isMet);
    const data = {
      passed: verdicts.length - failed.length,
      failed: failed.length,
      lines: verdicts.map(toPublicVerdict),
    };
    session.answer(data, describe(verdicts.length, failed));
    return failed.length === 0;
  });
  if (!isMet) throw new CliExit(1, "");
}

function toPublicVerdict({ expectation, isMet, actions, reasons }: Verdict): object {
  const { line, text } = expectation;
  return { line, text, passed: isMet, actions, reasons };
}

function describe(count: number, failed: readonly Verdict[]): string {
  if (failed.length === 0) return `${count} of ${count} lines are so\n`;
  const diffs = failed.flatMap(({ expectation, actions, reasons }) => {
    const { line, text, subject, image } = expectation;
    const place = `${formatImagePattern(image)} on ${image.service}`;
    return [
      `line ${line}`,
      `- ${text}`,
      `+ ${formatSubjectName(subject)} may do ${formatActions(actions)} with ${place}`,
      ...reasons.map((reason) => `    ${reason}`),
    ];
  });
  return [...diffs, `${count - failed.length} of ${count} lines are so`, ""].join("\n");
}

/** A device may have no end, and a pipe no writer: files alone. */
function readFileOf(path: string): Buffer {
  let file: number | null = null;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stat = fstatSync(file);
    if (!stat.isFile()) {
      throw new CliExit(2, `${path} is not a regular file; name a file, or give lines to -`);
    }
    refuseLong(stat.size, path);
    return readFileSync(file);
  } catch (error) {
    if (error instanceof CliExit) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CliExit(2, `${path} can't be read (${code ?? "unknown"}); check the path`);
  } finally {
    if (file !== null) closeSync(file);
  }
}

async function readAll({ stdin }: Io, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk as Buffer | string);
    length += bytes.length;
    refuseLong(length, name);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

function refuseLong(length: number, name: string): void {
  if (length > FILE_MAX_BYTES) throw new CliExit(2, `${name} is longer than 10 MB; split it`);
}

function decode(bytes: Buffer, name: string): string {
  try {
    // A byte order mark at the beginning is taken away.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new CliExit(2, `${name} is not UTF-8; save it as such`);
  }
}
