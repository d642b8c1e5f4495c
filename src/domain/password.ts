// Hashing and judging passwords; implemented by crypto/.
import type { Result } from "./result.js";

/** Hashing of passwords off the main thread, behind a bounded queue. */
export interface PasswordHasher {
  /** PHC string of argon2id with the configured parameters. `busy`: the queue is full, ask again later. */
  hash(password: string): Promise<Result<string, "busy">>;
  /**
   * An imported bcrypt hash is compared with the password as typed, all others with its NFKC form.
   * `hash` null (unknown account) costs the same as a real one and answers `mismatch`. `busy`: the queue is full, or its
   * place was given to a source that waits with fewer; `withheld`: `mayStart` said no. Neither has cost a hash.
   */
  verify(
    hash: string | null,
    password: string,
    turn: HashTurn,
  ): Promise<Result<HashVerdict, Unhashed>>;
}

/** `match-outdated`: right, and the hash is to be replaced by one of today: older parameters, or an imported bcrypt hash. */
export type HashVerdict = "match" | "match-outdated" | "mismatch";
export type Unhashed = "busy" | "withheld";

export interface HashTurn {
  /** The client's network: the queue is fair between sources. */
  readonly source: string;
  /** The account signed in from there before: a flood from very many networks must not keep it out. */
  readonly isKnown?: boolean;
  /** Asked when the turn has come and nothing has been done. */
  readonly mayStart?: () => Promise<boolean>;
  /** Told the verdict before the next turn begins, which then knows of it. */
  readonly settled?: (verdict: HashVerdict) => Promise<void>;
}

/**
 * One way, keyed, the same for spellings of one password (NFKC), different for every holder and in every process: by it a
 * right password is recognised in memory and never kept.
 */
export type PasswordDigest = (holder: string, password: string) => string;

/**
 * Null: a hash that sign-ins can be verified by. Otherwise one sentence that says what is wrong and what to do, such as
 * `the hash is …; make it anew with: htpasswd -B`; it never quotes the hash, which may be a plain password.
 */
export type FindHashFault = (hash: string) => string | null;

/**
 * True for an imported bcrypt hash, which knows one spelling of a password and its first 72 bytes alone; the first good
 * sign-in with a shorter password, or a new one, ends that (THREATS B07).
 */
export function isLimitedTo72Bytes(hash: string | null): boolean {
  return hash?.startsWith("$2") ?? false;
}

/** What a password must be (NIST SP 800-63B-4 §3.1.1.2); the setting of `passwords.*`. */
export interface PasswordRules {
  /** Null: fine. Otherwise one sentence that says what is wrong; it never quotes the password. */
  findFault(password: string, accountName: string): string | null;
  /** A random password that passes the rules. */
  generate(): string;
}
