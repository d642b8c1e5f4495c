// Password hashing: argon2id on the thread pool, bounded, equal work whatever the name and password are; imported bcrypt is verified.
import { randomBytes } from "node:crypto";
import argon2 from "argon2";
import type { HashVerdict, PasswordHasher } from "../domain/password.js";
import { err, ok, type Result } from "../domain/result.js";
import { BCRYPT_BYTES, matchesBcrypt } from "./bcrypt-match.js";
import { FairQueue } from "./fair-queue.js";
import { occupyPool } from "./pool-load.js";
import { readStoredHash } from "./stored-hash.js";

export interface HasherOptions {
  /** KiB per hash. */
  readonly memoryKib: number;
  readonly iterations: number;
  readonly parallelism: number;
  /** Hashes at once. */
  readonly concurrency: number;
  /** Hashes that may wait; beyond it callers get `busy`. */
  readonly queueLimit: number;
}

/** Longer passwords never match; they are neither cut nor hashed (THREATS §4, B06). */
export const PASSWORD_MAX = { bytes: 1024, codePoints: 256 } as const;

/** NFKC, so that `é` typed on any keyboard is the same password (NIST SP 800-63B-4 §3.1.1.2). */
export function normalizePassword(password: string): string {
  return password.normalize("NFKC");
}

/** True where the password can't be anybody's: too long, or with a NUL. */
function isImpossible(password: string): boolean {
  return (
    Buffer.byteLength(password) > PASSWORD_MAX.bytes ||
    Array.from(password).length > PASSWORD_MAX.codePoints ||
    password.includes("\0")
  );
}

/** Hashing makes no promise about time beyond equal work; `verify` never throws on odd input. */
export function createPasswordHasher(options: HasherOptions): PasswordHasher {
  const queue = new FairQueue(options.concurrency, options.queueLimit);
  const parameters = {
    type: argon2.argon2id,
    memoryCost: options.memoryKib,
    timeCost: options.iterations,
    parallelism: options.parallelism,
    hashLength: 32,
  };
  const compute = (password: string): Promise<string> =>
    occupyPool(() => argon2.hash(password, { ...parameters, salt: randomBytes(16) }));
  // Made once and early: an unknown name must cost the same from the first request on.
  const dummy = compute(randomBytes(16).toString("hex"));
  dummy.catch(() => undefined);

  async function verifyNow(hash: string | null, password: string): Promise<HashVerdict> {
    const stored = hash === null ? null : readStoredHash(hash);
    if (hash === null || stored === null) return verifyInVain();
    if (stored.kind === "bcrypt") {
      return isImpossible(password) ? verifyInVain() : verifyBcrypt(hash, password);
    }
    const normal = normalizePassword(password);
    if (isImpossible(normal)) return verifyInVain();
    if (!(await argon2.verify(hash, normal))) return "mismatch";
    const isCurrent =
      stored.memoryKib === options.memoryKib &&
      stored.iterations === options.iterations &&
      stored.parallelism === options.parallelism;
    return isCurrent ? "match" : "match-outdated";
  }

  async function verifyInVain(): Promise<"mismatch"> {
    await argon2.verify(await dummy, "");
    return "mismatch";
  }

  return {
    async hash(password): Promise<Result<string, "busy">> {
      const hashed = await queue.run({ source: "", isKnown: true }, () =>
        compute(normalizePassword(password)),
      );
      return hashed === null ? err("busy") : ok(hashed);
    },
    async verify(hash, password, { source, isKnown = false, mayStart, settled }) {
      const answer = await queue.run({ source, isKnown }, async () => {
        if (mayStart !== undefined && !(await mayStart())) return err("withheld" as const);
        const verdict = await occupyPool(() => verifyNow(hash, password));
        await settled?.(verdict);
        return ok(verdict);
      });
      return answer ?? err("busy");
    },
  };
}

/** The password as typed: whoever made the hash has hashed those bytes, and no others fit. */
async function verifyBcrypt(hash: string, password: string): Promise<HashVerdict> {
  if (!(await matchesBcrypt(hash, password))) return "mismatch";
  // A match says nothing about what stands behind: to renew a mere beginning, or a slip, would lock the right one out (THREATS B07).
  const isWhole = Buffer.byteLength(password) < BCRYPT_BYTES;
  // NFKC can make a short password too long for our own hash.
  return isWhole && !isImpossible(normalizePassword(password)) ? "match-outdated" : "match";
}
