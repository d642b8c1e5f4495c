// Compares a password with a bcrypt hash, on the thread pool; the native package is loaded when the first one comes.
import { timingSafeEqual } from "node:crypto";

/** `$2y$10$` and the salt; the rest is the result. */
const SETTING_LENGTH = 29;

/** bcrypt looks at so many bytes of a password; what stands behind them is like anything else. */
export const BCRYPT_BYTES = 72;

/**
 * `hash` must have passed `readStoredHash`. All kinds are computed as `$2b$`: `$2y$` is another name for it, which the package
 * doesn't know, and its `$2a$` counts the length of a password in one byte. Only results are compared, because the last
 * letter of a salt holds four bits that count for nothing, and which registries pass over as well.
 */
export async function matchesBcrypt(hash: string, password: string): Promise<boolean> {
  const bcrypt = await import("bcrypt");
  const computed = await bcrypt.hash(password, `$2b$${hash.slice(4, SETTING_LENGTH)}`);
  const resultOf = (text: string) => Buffer.from(text.slice(SETTING_LENGTH));
  return timingSafeEqual(resultOf(computed), resultOf(hash));
}
