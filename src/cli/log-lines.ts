// Lines of a log as they come: out of a file that may grow, be cut or be replaced, or out of a pipe; bounded in memory.
import { open, stat, type FileHandle } from "node:fs/promises";
import { constants } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { CliExit } from "./exit.js";

/** Some of the lines; null stands for one that is too long. */
export interface SomeLines {
  readonly lines: readonly (string | null)[];
  /** True where nothing more is there now. */
  readonly isCaughtUp: boolean;
}

export interface LineSource {
  next(): Promise<SomeLines>;
  close(): Promise<void>;
}

const CHUNK_BYTES = 262_144;
/** Web servers take request lines of 8 KiB. */
const LINE_MAX_BYTES = 16_384;
const PIPE_MILLISECONDS = 500;

/** Cuts bytes into lines, keeping what has no end yet. */
class LineCutter {
  #rest = Buffer.alloc(0);
  #isTooLong = false;

  cut(bytes: Buffer): (string | null)[] {
    const lines: (string | null)[] = [];
    let from = 0;
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
      lines.push(this.#end(bytes.subarray(from, at)));
      from = at + 1;
    }
    this.#keep(bytes.subarray(from));
    return lines;
  }

  /** The last line where it has no line end. */
  end(): (string | null)[] {
    const isOpen = this.#isTooLong || this.#rest.length > 0;
    return isOpen ? [this.#end(Buffer.alloc(0))] : [];
  }

  #keep(piece: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, piece]);
    if (this.#rest.length <= LINE_MAX_BYTES) return;
    this.#isTooLong = true;
    this.#rest = Buffer.alloc(0);
  }

  #end(piece: Buffer): string | null {
    this.#keep(piece);
    const line = this.#isTooLong ? null : this.#rest.toString("utf8");
    this.#rest = Buffer.alloc(0);
    this.#isTooLong = false;
    return line;
  }
}

/** A file from its beginning; with `isFollowed` beyond its present end, through rotation by rename and by truncation. Exit 2 where it can't be read. */
export async function openLogFile(path: string, isFollowed: boolean): Promise<LineSource> {
  const cutter = new LineCutter();
  const buffer = Buffer.alloc(CHUNK_BYTES);
  let file = await openFile(path);
  let position = 0;
  const read = async (): Promise<SomeLines> => {
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, position);
    position += bytesRead;
    return { lines: cutter.cut(buffer.subarray(0, bytesRead)), isCaughtUp: bytesRead === 0 };
  };
  return {
    next: async () => {
      const some = await read();
      if (!some.isCaughtUp) return some;
      if (!isFollowed) return { lines: cutter.end(), isCaughtUp: true };
      const [here, there] = await Promise.all([file.stat(), findFile(path)]);
      if (here.size < position) {
        position = 0;
        return { lines: cutter.end(), isCaughtUp: false };
      }
      // A log that was moved away may not be made anew yet.
      const isReplaced = there !== null && (there.ino !== here.ino || there.dev !== here.dev);
      if (!isReplaced) return some;
      const next = await openFile(path);
      await file.close();
      file = next;
      position = 0;
      return { lines: cutter.end(), isCaughtUp: false };
    },
    close: () => file.close(),
  };
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    // O_NONBLOCK: opening a pipe must not wait for somebody to write to it.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CliExit(
      2,
      `${path} can't be read (${code ?? "unknown"}); check --log, or pipe it to --log -`,
    );
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new CliExit(2, `${path} is not a regular file; name a file, or pipe lines to --log -`);
}

const findFile = (path: string) => stat(path).catch(() => null);

/** Standard input; caught up when it has ended. Answers after half a second at the latest. */
export function openLogPipe(stdin: NodeJS.ReadStream): LineSource {
  const cutter = new LineCutter();
  const chunks = stdin[Symbol.asyncIterator]();
  let asked: Promise<IteratorResult<string | Buffer>> | null = null;
  let hasEnded = false;
  return {
    next: async () => {
      if (hasEnded) return { lines: [], isCaughtUp: true };
      asked ??= chunks.next();
      const timer = new AbortController();
      const late = pause(PIPE_MILLISECONDS, null, { signal: timer.signal }).catch(() => null);
      const got = await Promise.race([asked, late]);
      timer.abort();
      if (got === null) return { lines: [], isCaughtUp: false };
      asked = null;
      if (got.done !== true) {
        return { lines: cutter.cut(Buffer.from(got.value)), isCaughtUp: false };
      }
      hasEnded = true;
      return { lines: cutter.end(), isCaughtUp: true };
    },
    close: async () => {
      stdin.destroy();
    },
  };
}
