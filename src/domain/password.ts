// Hashing and judging passwords; implemented by crypto/.
import type { Result } from "./result.js";

/** Hashing of passwords off the main thread, behind a bounded queue. */
export interface PasswordHasher {
  /** PHC string of argon2id with the configured parameters. `busy`: the queue is full, ask again later. */
  hash(password: string): Promise<Result<string, "busy">>;
  /**
   * `hash` null (unknown account) costs the same as a real one and answers `mismatch`. `source` is the client's
   * address: the queue is fair between sources.
   */
  verify(
    hash: string | null,
    password: string,
    source: string,
  ): Promise<Result<"match" | "match-outdated" | "mismatch", "busy">>;
}

/** What a password must be (NIST SP 800-63B-4 §3.1.1.2); the setting of `passwords.*`. */
export interface PasswordRules {
  /** Null: fine. Otherwise one sentence that says what is wrong; it never quotes the password. */
  findFault(password: string, accountName: string): string | null;
  /** A random password that passes the rules. */
  generate(): string;
}
