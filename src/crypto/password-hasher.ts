// Password hashing: argon2id on the thread pool, bounded, equal work whatever the name and password are.
import { randomBytes } from "node:crypto";
import argon2 from "argon2";
import type { PasswordHasher } from "../domain/password.js";
import { err, ok, type Result } from "../domain/result.js";
import { FairQueue } from "./fair-queue.js";

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

/** Stored hashes may cost at most so much (THREATS §4 "accept on verify"). */
const CEILING = { memoryKib: 131_072, iterations: 10, parallelism: 4 } as const;
const PHC =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/;

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
    argon2.hash(password, { ...parameters, salt: randomBytes(16) });
  // Made once and early: an unknown name must cost the same from the first request on.
  const dummy = compute(randomBytes(16).toString("hex"));
  dummy.catch(() => undefined);

  async function verifyNow(hash: string | null, password: string) {
    const fit = hash === null ? null : readParameters(hash);
    const isPossible = fit !== null && hash !== null && !isImpossible(password);
    const isMatch = await argon2.verify(
      isPossible ? hash : await dummy,
      isPossible ? password : "",
    );
    if (!isPossible || !isMatch) return "mismatch" as const;
    const isCurrent =
      fit.memoryKib === options.memoryKib &&
      fit.iterations === options.iterations &&
      fit.parallelism === options.parallelism;
    return isCurrent ? ("match" as const) : ("match-outdated" as const);
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
        const verdict = await verifyNow(hash, normalizePassword(password));
        await settled?.(verdict);
        return ok(verdict);
      });
      return answer ?? err("busy");
    },
  };
}

/** Parameters of a PHC string, null where it isn't argon2id or costs more than the ceiling. */
function readParameters(
  hash: string,
): { memoryKib: number; iterations: number; parallelism: number } | null {
  const match = PHC.exec(hash);
  if (match === null) return null;
  const [memoryKib = 0, iterations = 0, parallelism = 0] = match.slice(1).map(Number);
  const isBearable =
    memoryKib <= CEILING.memoryKib &&
    iterations <= CEILING.iterations &&
    parallelism <= CEILING.parallelism;
  return isBearable ? { memoryKib, iterations, parallelism } : null;
}
