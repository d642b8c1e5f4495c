// Recognises a password that was verified a moment ago, without keeping it; of no use to another process or after a restart.
import { createHmac, randomBytes } from "node:crypto";
import type { PasswordDigest } from "../domain/password.js";
import { normalizePassword } from "./password-hasher.js";

/** HMAC-SHA-256 under a key that lives in this object alone. */
export function createPasswordDigest(): PasswordDigest {
  const key = randomBytes(32);
  return (holder, password) =>
    createHmac("sha256", key)
      .update(JSON.stringify([holder, normalizePassword(password)]))
      .digest("base64");
}
