// When a file that others write is to be read: looks at it, and tells when it has changed and lies still.
import { stat } from "node:fs/promises";

export interface Look {
  /** Equal as long as nothing about the files has changed. */
  readonly signature: string;
  /** Nothing of them was changed within the last second. */
  readonly isOld: boolean;
}

const FRESH_MILLISECONDS = 1000;

/** Follows each path anew: symbolic links are swapped and files renamed over others. Never fails. */
export async function lookAt(paths: readonly string[]): Promise<Look> {
  const marks: string[] = [];
  let isOld = true;
  // One after another: the threads that read files are those that verify passwords.
  for (const path of paths) {
    const mark = await markOf(path);
    marks.push(mark.text);
    isOld &&= mark.isOld;
  }
  return { signature: JSON.stringify([paths, marks]), isOld };
}

async function markOf(path: string): Promise<{ readonly text: string; readonly isOld: boolean }> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(path, { bigint: true });
    // A copy that keeps the times of its original has a fresh ctime all the same.
    // A time to come is another machine's clock, and says nothing.
    const isOld = Math.abs(Date.now() - Number(ctimeMs)) > FRESH_MILLISECONDS;
    return { text: [dev, ino, size, mtimeNs, ctimeNs].join(), isOld };
  } catch (error) {
    return { text: (error as NodeJS.ErrnoException).code ?? "unknown", isOld: true };
  }
}

/** Half-written files are not read: a change counts when two looks in a row are equal, and the file was left alone for a second. */
export class SettledLooks {
  #last: string | null = null;
  #taken: string | null = null;

  /** True once for each change that lies still; the first look needs no second one. */
  isSettled({ signature, isOld }: Look): boolean {
    const isSecond = signature === this.#last;
    this.#last = signature;
    if (signature === this.#taken) return false;
    if (!isOld || !(isSecond || this.#taken === null)) return false;
    this.#taken = signature;
    return true;
  }
}
