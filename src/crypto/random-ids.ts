// Random identifiers from bytes drawn in advance: one system call for many.
import { randomBytes } from "node:crypto";

const DRAWN_BYTES = 4096;

/** Answers another `bytes` random bytes as text each time, from the system's own source. */
export function createRandomIds(bytes: number, encoding: "base64url" | "hex"): () => string {
  let drawn = Buffer.alloc(0);
  let used = 0;
  return () => {
    if (used + bytes > drawn.length) {
      drawn = randomBytes(DRAWN_BYTES);
      used = 0;
    }
    used += bytes;
    return drawn.toString(encoding, used - bytes, used);
  };
}
