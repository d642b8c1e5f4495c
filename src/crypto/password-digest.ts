// Recognises a password that was verified a moment ago, without keeping it; of no use to another process or after a restart.
import { createHmac, randomBytes } from "node:crypto";
import type { PasswordDigest } from "../domain/password.js";
import { normalizePassword } from "./password-hasher.js";

/** HMAC-SHA-256 under a key that lives in this object alone, or is given by who keeps it in memory. */
export function createPasswordDigest(key: Buffer = randomBytes(32)): PasswordDigest {
  return (holder, password) =>
    createHmac("sha256", key)
      .update(JSON.stringify([holder, normalizePassword(password)]))
      .digest("base64");
}
