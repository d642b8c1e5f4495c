// The way to a password's slow hash: locks, verified ones, the queue, and what a wrong one counts. Robots and tokens never come here.
import { isActive } from "../domain/account.js";
import {
  isLimitedTo72Bytes,
  type HashVerdict,
  type PasswordDigest,
  type PasswordHasher,
  type Unhashed,
} from "../domain/password.js";
import type { SignInRecord } from "../domain/ports.js";
import { err, ok, type Result } from "../domain/result.js";
import {
  findAccountLock,
  findNetworkLock,
  type GuessRecord,
  type GuessTarget,
  type SteadyClock,
  type ThrottleLock,
  type ThrottleSettings,
  type ThrottleStore,
} from "../domain/throttle.js";
import type { Circumstances } from "./authenticate.js";
import type { TokenRefusal } from "./token-answer.js";
import type { RecentPasswords, SharedFlights } from "./recent-passwords.js";

/** What a process keeps to make guessing useless and repeats cheap. */
export interface PasswordGuard {
  readonly guesses: ThrottleStore;
  readonly settings: ThrottleSettings;
  readonly steady: SteadyClock;
  readonly digest: PasswordDigest;
  /** Right ones, also of accounts that may not come. */
  readonly verified: RecentPasswords;
  /** Wrong ones, of names that nobody has as well: a repeat costs no hash, and no flood of them fills the queue. */
  readonly refused: RecentPasswords;
  readonly hashes: SharedFlights<Result<HashVerdict, Unhashed>>;
  /** Told why a hash with older parameters could not be replaced; the sign-in is good all the same (THREATS B20). */
  readonly notRenewed: (error: unknown) => void;
}

export interface GuardContext {
  readonly hasher: PasswordHasher;
  readonly guard: PasswordGuard;
}

export interface PasswordTrial {
  /** Folded where it could be one, otherwise as typed. */
  readonly name: string;
  /** False: nobody can have it. */
  readonly isName: boolean;
  readonly record: SignInRecord | null;
  readonly password: string;
}

/** `known`: right, and verified a moment ago. */
type Verdict = HashVerdict | "known";

/**
 * Answers whether the password is the account's; `throttled` or `busy` where nobody has looked. In this order: the lock of
 * the account, what was verified before, the lock of the network, what was refused before, a hash (looked at the locks again
 * when its turn comes, so that a burst is not let through as a whole). Whoever is asked for, known or not, it is the same reads and the same hash
 * (THREATS B02, B12). A right password of an account that is not active counts as a failure, as a wrong one does.
 */
export async function tryPassword(
  trial: PasswordTrial,
  context: GuardContext,
  circumstances: Circumstances,
): Promise<Result<Verdict, TokenRefusal>> {
  const { password, record } = trial;
  const { steady, verified, refused, settings, digest: digestOf } = context.guard;
  const mayCome = record !== null && isActive(record.account, circumstances.now);
  const digest = digestOf(describeHolder(trial), password);
  const found = await context.guard.guesses.look(
    targetOf(trial),
    circumstances.source,
    circumstances.now,
  );
  const attempt: Attempt = { trial, digest, mayCome, isKnown: found.isKnown };
  const accountLock = findAccountLock(found, steady.now(), settings);
  if (accountLock !== null) return err(describeLock(accountLock));
  const isRight = verified.has(digest, steady.now());
  if (isRight && mayCome) {
    await noteSuccess(attempt, context, circumstances);
    return ok("known");
  }
  const networkLock = findNetworkLock(found, steady.now(), settings);
  if (networkLock !== null) return err(describeLock(networkLock));
  if (isRight || refused.has(digest, steady.now())) {
    await noteVerdict(isRight ? "match" : "mismatch", attempt, context, circumstances);
    return ok(isRight ? "known" : "mismatch");
  }
  const hashed = await hash(attempt, context, circumstances);
  if (!hashed.ok) return hashed;
  const recent = hashed.value === "mismatch" ? refused : verified;
  recent.add(digest, steady.now());
  if (hashed.value === "mismatch" || !mayCome) return hashed;
  await noteSuccess(attempt, context, circumstances);
  return hashed;
}

interface Attempt {
  readonly trial: PasswordTrial;
  readonly digest: string;
  /** Exists, is enabled and has not ended. */
  readonly mayCome: boolean;
  /** The account signed in from this network before. */
  readonly isKnown: boolean;
}

/** Equal sign-ins at the same time wait for one hash; each is counted for its own network. */
async function hash(
  attempt: Attempt,
  context: GuardContext,
  circumstances: Circumstances,
): Promise<Result<Verdict, TokenRefusal>> {
  for (;;) {
    const flight = await context.guard.hashes.join(attempt.digest, () =>
      startHash(attempt, context, circumstances),
    );
    const { value, isOwn } = flight;
    if (value.ok) {
      if (isOwn) return value;
      await noteVerdict(value.value, attempt, context, circumstances);
      // An outdated hash is renewed by the one that was verified, not by all who waited.
      return ok(value.value === "match-outdated" ? "match" : value.value);
    }
    // Another's place in the queue was lost, or another's network has to wait: that decides nothing for this one.
    if (!isOwn) continue;
    if (value.error === "busy") return err({ reason: "busy" });
    const lock = findLock(await look(attempt, context, circumstances), context);
    return err(lock === null ? { reason: "busy" } : describeLock(lock));
  }
}

function startHash(
  attempt: Attempt,
  context: GuardContext,
  circumstances: Circumstances,
): Promise<Result<HashVerdict, Unhashed>> {
  const { record, password } = attempt.trial;
  return context.hasher.verify(record?.passwordHash ?? null, password, {
    source: circumstances.source,
    isKnown: attempt.isKnown,
    mayStart: async () => findLock(await look(attempt, context, circumstances), context) === null,
    settled: (verdict) => noteVerdict(verdict, attempt, context, circumstances),
  });
}

async function noteVerdict(
  verdict: HashVerdict,
  attempt: Attempt,
  context: GuardContext,
  { source }: Circumstances,
): Promise<void> {
  if (verdict !== "mismatch" && attempt.mayCome) return;
  const { name, password } = attempt.trial;
  const guess = { target: targetOf(attempt.trial), source, name, password };
  await context.guard.guesses.noteFailure(guess, context.guard.steady.now());
}

async function noteSuccess(
  { trial }: Attempt,
  context: GuardContext,
  { source, now }: Circumstances,
): Promise<void> {
  if (trial.record !== null)
    await context.guard.guesses.noteKnown(trial.record.account.id, source, now);
}

function look(
  { trial }: Attempt,
  context: GuardContext,
  { source, now }: Circumstances,
): Promise<GuessRecord> {
  return context.guard.guesses.look(targetOf(trial), source, now);
}

function findLock(record: GuessRecord, { guard }: GuardContext): ThrottleLock | null {
  const { settings, steady } = guard;
  const now = steady.now();
  return findAccountLock(record, now, settings) ?? findNetworkLock(record, now, settings);
}

function targetOf({ record, name, isName }: PasswordTrial): GuessTarget {
  if (record !== null) {
    const { id, unlockMark } = record.account;
    return { kind: "account", id, unlockMark };
  }
  return isName ? { kind: "name", name } : { kind: "none" };
}

/**
 * With the version of the credential: another password, state or right is another holder (THREATS B19). An imported hash knows
 * one spelling: what it said of one (`é` in one character) must not be taken for what it says of another (in two).
 */
function describeHolder({ record, name, password }: PasswordTrial): string {
  if (record === null) return `name:${name}`;
  const holder = `account:${record.account.id}:${record.account.credentialVersion}`;
  return isLimitedTo72Bytes(record.passwordHash) ? `${holder}:${password}` : holder;
}

function describeLock({ on, seconds }: ThrottleLock): TokenRefusal {
  return { reason: "throttled", detail: on, retryAfterSeconds: seconds };
}
