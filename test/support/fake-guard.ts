// What makes guessing useless, as the server has it, but counting in memory and by a clock that tests move.
import { createPasswordDigest } from "../../src/crypto/password-digest.js";
import type { SteadySeconds, ThrottleSettings, ThrottleStore } from "../../src/domain/throttle.js";
import { SqliteGuessStore } from "../../src/storage/sqlite/guess-store.js";
import { openGuessesInMemory } from "../../src/storage/sqlite/open-guesses.js";
import type { PasswordGuard } from "../../src/token/guard-password.js";
import { SharedFlights, RecentPasswords } from "../../src/token/recent-passwords.js";

/** The defaults of `throttle.*`. */
export const SETTINGS: ThrottleSettings = {
  account: {
    failures: 10,
    windowSeconds: 900,
    lockSeconds: 60,
    lockMaxSeconds: 900,
    failuresMax: 100,
  },
  network: {
    failures: 30,
    windowSeconds: 60,
    lockSeconds: 60,
    lockMaxSeconds: 900,
    failuresMax: null,
  },
};

export interface FakeGuard {
  readonly guard: PasswordGuard;
  /** Starts at 1,000,000. */
  readonly steady: { seconds: SteadySeconds };
  /** What the store was asked, in order: `look account:1`, `fail name:nobody`, `known 1`; and `not renewed`. */
  readonly asked: string[];
}

/** One process; `store` lets two share their counts. */
export function fakeGuard(store: SqliteGuessStore = makeGuessStore()): FakeGuard {
  const steady = { seconds: 1_000_000 };
  const asked: string[] = [];
  const guesses: ThrottleStore = {
    look: async (target, source, today) => {
      asked.push(`look ${describe(target)}`);
      return store.look(target, source, today);
    },
    noteFailure: async (guess, now) => {
      asked.push(`fail ${describe(guess.target)}`);
      store.noteFailure(guess, now);
    },
    noteKnown: async (accountId, source, today) => {
      asked.push(`known ${accountId}`);
      store.noteKnown(accountId, source, today);
    },
  };
  const guard: PasswordGuard = {
    guesses,
    settings: SETTINGS,
    steady: { now: () => steady.seconds },
    digest: createPasswordDigest(),
    verified: new RecentPasswords(),
    refused: new RecentPasswords(),
    hashes: new SharedFlights(),
    notRenewed: () => void asked.push("not renewed"),
  };
  return { guard, steady, asked };
}

/** Empty, in memory. */
export function makeGuessStore(entries = 100_000): SqliteGuessStore {
  const connection = openGuessesInMemory("migrations/guesses", { now: () => 0 });
  return new SqliteGuessStore(connection, { settings: SETTINGS, entries }, 1_000_000);
}

function describe(target: Parameters<ThrottleStore["look"]>[0]): string {
  if (target.kind === "none") return "none";
  return target.kind === "account" ? `account:${target.id}` : `name:${target.name}`;
}
