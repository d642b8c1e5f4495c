// Wrong passwords on one SQLite connection. Synchronous, so that a file and its stand-in in memory are used alike.
import { createHmac, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import {
  KNOWN_NETWORKS_MAX,
  KNOWN_SECONDS,
  NO_ATTEMPTS,
  noteFailure,
  REMEMBERED_SECONDS,
  type Attempts,
  type Failure,
  type Guess,
  type GuessRecord,
  type GuessTarget,
  type SteadySeconds,
  type ThrottleLimits,
  type ThrottleSettings,
} from "../../domain/throttle.js";
import { keepValues } from "../../domain/kept-values.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";
import { KeptReads } from "./kept-reads.js";

export interface GuessStoreOptions {
  readonly settings: ThrottleSettings;
  /** `throttle.entries`: so many accounts, unknown names and networks each are remembered. */
  readonly entries: number;
}

interface AttemptsRow {
  readonly failures: string;
  readonly locked_until: number;
  readonly lock_seconds: number;
  readonly is_shut: number;
}

/** What is noted of an account, or a name, and of a network. */
interface Noted extends Omit<GuessRecord, "isKnown"> {
  /** When the account last signed in from there. */
  readonly seenAt: EpochSeconds | null;
}

const LOOK = `
  SELECT
    (SELECT json_array(failures, locked_until, lock_seconds, is_shut) FROM attempts WHERE subject = @account) AS account,
    (SELECT json_array(failures, locked_until, lock_seconds, is_shut) FROM attempts WHERE subject = @network) AS network,
    (SELECT max(seen_at) FROM known_network WHERE account_id = @id AND network = @number) AS seen_at`;
const PUT = `
  INSERT INTO attempts (subject, kind, failures, locked_until, lock_seconds, is_shut, noted_at, kept_until)
  VALUES (@subject, @kind, @failures, @locked_until, @lock_seconds, @is_shut, @noted_at, @kept_until)
  ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, locked_until = excluded.locked_until,
    lock_seconds = excluded.lock_seconds, is_shut = excluded.is_shut, noted_at = excluded.noted_at,
    kept_until = excluded.kept_until`;
/** Beyond `entries` of its kind, the ones that matter for the shortest time. */
const CUT = `
  DELETE FROM attempts WHERE id IN (
    SELECT id FROM attempts WHERE kind = @kind ORDER BY kept_until
    LIMIT max(0, (SELECT count FROM attempts_count WHERE kind = @kind) - @entries))`;
const FORGET_NETWORKS = `
  DELETE FROM known_network WHERE account_id = @id AND (seen_at <= @since OR network NOT IN (
    SELECT network FROM known_network WHERE account_id = @id ORDER BY seen_at DESC LIMIT ${KNOWN_NETWORKS_MAX}))`;
/** Long after anything else; what is shut ends with `user unlock`. */
const FOR_EVER = Number.MAX_SAFE_INTEGER;
const SECONDS_PER_DAY = 86_400;
const NOTED_PAIRS_MAX = 10_000;

export class SqliteGuessStore {
  readonly #connection: Connection;
  readonly #options: GuessStoreOptions;
  readonly #key: KeyObject;
  readonly #look;
  readonly #read;
  readonly #put;
  readonly #cut;
  readonly #putNetwork;
  readonly #forgetNetworks;
  readonly #kept: KeptReads<Noted>;
  /** 48 bits; most sign-ins come from few networks. */
  readonly #numberOf = keepValues((source) => this.#digest("network", source).readUIntBE(0, 6));
  /** Pairs of account and network that were written today: a sign-in costs no write as a rule. */
  readonly #notedPairs = new Map<string, EpochSeconds>();

  /** Throws SqliteError, as every method. `now` clears what an earlier run of the machine left. */
  constructor(connection: Connection, options: GuessStoreOptions, now: SteadySeconds) {
    this.#connection = connection;
    this.#kept = new KeptReads(connection);
    this.#options = options;
    connection
      .prepare("INSERT OR IGNORE INTO mark_key (id, bytes) VALUES (1, ?)")
      .run(randomBytes(32));
    const bytes = connection.prepare<[], Buffer>("SELECT bytes FROM mark_key").pluck().get();
    this.#key = createSecretKey(bytes as Buffer);
    this.#look = connection.prepare<
      [object],
      { account: string | null; network: string | null; seen_at: number | null }
    >(LOOK);
    this.#read = connection.prepare<[string], AttemptsRow>(
      "SELECT failures, locked_until, lock_seconds, is_shut FROM attempts WHERE subject = ?",
    );
    this.#put = connection.prepare(PUT);
    this.#cut = connection.prepare(CUT);
    this.#putNetwork = connection.prepare(
      "INSERT OR REPLACE INTO known_network VALUES (@id, @network, @today)",
    );
    this.#forgetNetworks = connection.prepare(FORGET_NETWORKS);
    // The steady clock begins anew with the machine: what is dated later tells nothing, and would never be displaced.
    connection.prepare("DELETE FROM attempts WHERE noted_at > ? AND is_shut = 0").run(now);
  }

  look(target: GuessTarget, source: string, today: EpochSeconds): GuessRecord {
    const account = this.#subjectOf(target);
    const noted = this.#kept.get(`${account ?? ""}\n${source}`, () => {
      const number = this.#numberOf(source);
      const row = this.#look.get({
        account,
        network: `network:${source}`,
        id: target.kind === "account" ? target.id : 0,
        number,
      });
      return {
        account: readJson(row?.account ?? null),
        network: readJson(row?.network ?? null),
        networkNumber: number,
        seenAt: row?.seen_at ?? null,
      };
    });
    const { network, networkNumber, seenAt } = noted;
    const isKnown = seenAt !== null && seenAt > today - KNOWN_SECONDS;
    return { account: noted.account, network, networkNumber, isKnown };
  }

  /** Reads, counts and writes in one transaction; writes nothing where the failure is known already. */
  noteFailure(guess: Guess, now: SteadySeconds): void {
    if (this.#note(guess, now, "look only") === 0) return;
    this.#transact(() => this.#note(guess, now, "write"));
  }

  noteKnown(accountId: number, source: string, today: EpochSeconds): void {
    const pair = `${accountId} ${source}`;
    const notedAt = this.#notedPairs.get(pair);
    if (notedAt !== undefined && Math.abs(today - notedAt) < SECONDS_PER_DAY) return;
    const bound = { id: accountId, network: this.#numberOf(source), today };
    this.#transact(() => {
      this.#putNetwork.run(bound);
      this.#forgetNetworks.run({ id: accountId, since: today - KNOWN_SECONDS });
    });
    this.#notedPairs.delete(pair);
    this.#notedPairs.set(pair, today);
    if (this.#notedPairs.size <= NOTED_PAIRS_MAX) return;
    const [oldest] = this.#notedPairs.keys();
    if (oldest !== undefined) this.#notedPairs.delete(oldest);
  }

  close(): void {
    this.#connection.close();
  }

  /** Answers how many of account and network have changed. */
  #note(guess: Guess, now: SteadySeconds, mode: "look only" | "write"): number {
    const { settings } = this.#options;
    const failure = { mark: this.#markOf(guess), network: this.#numberOf(guess.source) };
    const account = this.#subjectOf(guess.target);
    const subjects: readonly [string, ThrottleLimits][] = [
      ...(account === null ? [] : [[account, settings.account] as [string, ThrottleLimits]]),
      [`network:${guess.source}`, settings.network],
    ];
    let changed = 0;
    for (const [subject, limits] of subjects) {
      const before = readRow(this.#read.get(subject));
      const after = noteFailure(before, failure, now, limits);
      if (after === before) continue;
      changed += 1;
      if (mode === "write") this.#write(subject, after, { limits, now });
    }
    return changed;
  }

  #write(
    subject: string,
    attempts: Attempts,
    { limits, now }: { readonly limits: ThrottleLimits; readonly now: SteadySeconds },
  ): void {
    // An account's failures count for long; of names and networks, which a flood can make up, those go last that wait.
    const kind = subject.slice(0, subject.indexOf(":"));
    const seconds = kind === "account" ? REMEMBERED_SECONDS : limits.windowSeconds;
    const end = Math.max(now, attempts.lockedUntil) + seconds;
    this.#put.run({
      subject,
      kind,
      failures: JSON.stringify(
        attempts.failures.map(({ mark, network, at }) => [mark, network, at]),
      ),
      locked_until: attempts.lockedUntil,
      lock_seconds: attempts.lockSeconds,
      is_shut: Number(attempts.isShut),
      noted_at: now,
      kept_until: attempts.isShut ? FOR_EVER : end,
    });
    this.#cut.run({ kind, entries: this.#options.entries });
  }

  #transact(act: () => unknown): void {
    this.#connection.exec("BEGIN IMMEDIATE");
    try {
      act();
      this.#connection.exec("COMMIT");
    } finally {
      if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    }
  }

  #subjectOf(target: GuessTarget): string | null {
    switch (target.kind) {
      case "account":
        return `account:${target.id}:${target.unlockMark}`;
      case "name":
        return `name:${this.#digest("name", target.name).toString("base64url", 0, 16)}`;
      case "none":
        return null;
    }
  }

  /** 20 bits: enough to tell a hundred passwords apart, too few to find one out. */
  #markOf({ name, password }: Guess): number {
    return this.#digest("mark", name, password.normalize("NFKC")).readUIntBE(0, 3) >>> 4;
  }

  #digest(...parts: readonly string[]): Buffer {
    return createHmac("sha256", this.#key).update(JSON.stringify(parts)).digest();
  }
}

function readJson(text: string | null): Attempts {
  if (text === null) return NO_ATTEMPTS;
  const [failures, locked_until, lock_seconds, is_shut] = JSON.parse(text) as [
    string,
    number,
    number,
    number,
  ];
  return readRow({ failures, locked_until, lock_seconds, is_shut });
}

function readRow(row: AttemptsRow | undefined): Attempts {
  if (row === undefined) return NO_ATTEMPTS;
  const failures = JSON.parse(row.failures) as readonly [number, number, number][];
  return {
    failures: failures.map(([mark, network, at]): Failure => ({ mark, network, at })),
    lockedUntil: row.locked_until,
    lockSeconds: row.lock_seconds,
    isShut: row.is_shut === 1,
  };
}
