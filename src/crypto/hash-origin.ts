// By what a stated password hash is known again, whatever is stored of it by then.
import { createHash } from "node:crypto";

/** `sha256:` and the SHA-256 of the hash as it was stated, in hexadecimal; see StatedPassword. */
export function originOfHash(hash: string): string {
  return `sha256:${createHash("sha256").update(hash).digest("hex")}`;
}
