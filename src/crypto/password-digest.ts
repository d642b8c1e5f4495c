// Recognises a password that was verified a moment ago, without keeping it; of no use to another process or after a restart.
import { createHmac, createSecretKey, randomBytes } from "node:crypto";
import type { PasswordDigest } from "../domain/password.js";
import { normalizePassword } from "./password-hasher.js";

/** HMAC-SHA-256 under a key that lives in this object alone, or is given by who keeps it in memory. */
export function createPasswordDigest(bytes: Buffer = randomBytes(32)): PasswordDigest {
  // NOTE made once: of bytes Node.js 24 finds out with every digest that they are no key, which takes five times as long.
  const key = createSecretKey(bytes);
  return (holder, password) =>
    createHmac("sha256", key)
      .update(JSON.stringify([holder, normalizePassword(password)]))
      .digest("base64");
}
