// Puts together what makes guessing useless: the settings, the counts beside the store, what was verified a moment ago.
import type { Config } from "./config/config.js";
import { createPasswordDigest } from "./crypto/password-digest.js";
import type { ThrottleSettings } from "./domain/throttle.js";
import { keepGuesses, steadyClock, type GuessKeeper } from "./guess-keeper.js";
import type { Logger } from "./http/log.js";
import { guessMigrations, systemClock } from "./open-parts.js";
import { guessesPathOf } from "./storage/sqlite/open-guesses.js";
import type { PasswordGuard } from "./token/guard-password.js";
import { SharedFlights, RecentPasswords } from "./token/recent-passwords.js";

/** `throttle.addressFailures` is so many a minute. */
const ADDRESS_WINDOW_SECONDS = 60;

/** `throttle.*` as the rules take it. */
export function throttleOf({ throttle }: Pick<Config, "throttle">): ThrottleSettings {
  const { lockSeconds, lockMaxSeconds } = throttle;
  return {
    account: {
      failures: throttle.accountFailures,
      windowSeconds: throttle.accountWindowSeconds,
      lockSeconds,
      lockMaxSeconds,
      failuresMax: throttle.accountFailuresMax,
    },
    network: {
      failures: throttle.addressFailures,
      windowSeconds: ADDRESS_WINDOW_SECONDS,
      lockSeconds,
      lockMaxSeconds,
      failuresMax: null,
    },
  };
}

/** Counts in the file beside the configured store. */
export function openGuesses(config: Config, log: Logger): GuessKeeper {
  return keepGuesses({
    path: guessesPathOf(config.storage.path),
    migrationsDirectory: guessMigrations,
    settings: throttleOf(config),
    entries: config.throttle.entries,
    clock: systemClock,
    steady: steadyClock,
    log,
  });
}

/** For one process: what it has verified no other knows. */
export function createPasswordGuard(
  config: Pick<Config, "throttle">,
  guesses: GuessKeeper,
  log: Logger,
): PasswordGuard {
  return {
    guesses,
    settings: throttleOf(config),
    steady: steadyClock,
    digest: createPasswordDigest(),
    verified: new RecentPasswords(),
    refused: new RecentPasswords(),
    hashes: new SharedFlights(),
    notRenewed: (error) => {
      log.warn({ evt: "password.not_renewed", err: error });
    },
  };
}
