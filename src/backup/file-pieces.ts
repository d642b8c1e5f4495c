// Files in pieces, so that a large store never lies in memory as a whole.
import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from "node:fs";

const PIECE_BYTES = 1 << 20;

/** `length` bytes of an open file from `at` on; ends early where the file does. */
export function* readPieces(descriptor: number, at: number, length: number): Generator<Buffer> {
  for (let done = 0; done < length;) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE_BYTES, length - done));
    const read = readSync(descriptor, piece, 0, piece.length, at + done);
    if (read === 0) return;
    yield piece.subarray(0, read);
    done += read;
  }
}

export function* readWholeFile(path: string): Generator<Buffer> {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    yield* readPieces(descriptor, 0, fstatSync(descriptor).size);
  } finally {
    closeSync(descriptor);
  }
}

/** All of it, however little a single call takes. */
export function writeWhole(descriptor: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(descriptor, bytes, done, bytes.length - done);
  }
}

/** SHA-256 in hexadecimal, and the number of bytes. */
export function measure(pieces: Iterable<Buffer>): {
  readonly sha256: string;
  readonly size: number;
} {
  const hash = createHash("sha256");
  let size = 0;
  for (const piece of pieces) {
    hash.update(piece);
    size += piece.length;
  }
  return { sha256: hash.digest("hex"), size };
}
