// Counts wrong passwords in the file beside the store, and in memory while there is none. Its troubles refuse nobody.
import { setTimeout as pause } from "node:timers/promises";
import type {
  SteadyClock,
  SteadySeconds,
  ThrottleSettings,
  ThrottleStore,
} from "./domain/throttle.js";
import type { Clock } from "./domain/time.js";
import type { Logger } from "./http/log.js";
import { steadySeconds } from "./open-parts.js";
import { isSqliteError } from "./storage/sqlite/connection.js";
import { watchFile, type FileWatch } from "./storage/sqlite/file-watch.js";
import { SqliteGuessStore } from "./storage/sqlite/guess-store.js";
import { openGuesses, openGuessesInMemory } from "./storage/sqlite/open-guesses.js";

export interface GuessKeeper extends ThrottleStore {
  /** Null, or why wrong passwords are counted in this process alone. */
  findTrouble(): string | null;
  stop(): void;
}

export interface GuessKeeperOptions {
  /** guessesPathOf. */
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly settings: ThrottleSettings;
  readonly entries: number;
  readonly clock: Clock;
  readonly steady: SteadyClock;
  readonly log: Logger;
}

/** The steady clock of this machine. */
export const steadyClock: SteadyClock = { now: steadySeconds };

/** SQLite waits in the one thread that serves: never for long. */
const BUSY_MILLISECONDS = 20;
/** Another server's write takes less than a millisecond. */
const BUSY_TURNS = 10;
const PAUSE_MILLISECONDS = 10;
const RETRY_SECONDS = 30;
const BUSY_RETRY_SECONDS = 1;

interface OpenFile {
  readonly store: SqliteGuessStore;
  readonly check: FileWatch;
}

/** Opens the file, or makes it; where it can't be used, warns, counts in memory and tries again every half minute. */
export function keepGuesses(options: GuessKeeperOptions): GuessKeeper {
  const { log, steady } = options;
  let file: OpenFile | null = null;
  /** Kept once made: a file that fails again and again must not make the counts begin anew. */
  let memory: SqliteGuessStore | null = null;
  let trouble: string | null = null;
  let triedAt: SteadySeconds = -RETRY_SECONDS;

  const report = (reason: string): void => {
    if (trouble !== reason) log.warn({ evt: "guesses.in_memory", reason });
    trouble = reason;
  };
  const drop = (error: unknown): void => {
    file?.store.close();
    file = null;
    // A long write of another process ends soon; anything else may last.
    if (isBusy(error)) triedAt = steady.now() - RETRY_SECONDS + BUSY_RETRY_SECONDS;
    report(`${options.path}: ${error instanceof Error ? error.message : String(error)}`);
  };
  const openFile = (): void => {
    triedAt = steady.now();
    const opened = openGuesses({ ...options, busyTimeoutMs: BUSY_MILLISECONDS });
    if (!opened.ok) {
      report(opened.error.message);
      return;
    }
    try {
      const store = new SqliteGuessStore(opened.value, options, steady.now());
      file = { store, check: watchFile(options.path) };
      if (trouble !== null) log.info({ evt: "guesses.in_file" });
      trouble = null;
    } catch (error) {
      opened.value.close();
      drop(error);
    }
  };
  const useMemory = (): SqliteGuessStore => {
    if (memory !== null) return memory;
    const connection = openGuessesInMemory(options.migrationsDirectory, options.clock);
    memory = new SqliteGuessStore(connection, options, steady.now());
    return memory;
  };
  const use = (): SqliteGuessStore => {
    try {
      file?.check("at-times");
    } catch {
      // Moved away, as the message about a damaged one says: the next one is new.
      file?.store.close();
      file = null;
      triedAt = steady.now() - RETRY_SECONDS;
    }
    if (file === null && steady.now() - triedAt >= RETRY_SECONDS) openFile();
    return file?.store ?? useMemory();
  };
  /** A file that another server writes is waited for; any other fault of it leads to memory. */
  const act = async <T>(once: (store: SqliteGuessStore) => T): Promise<T> => {
    for (let turn = 1; ; turn += 1) {
      try {
        return once(use());
      } catch (error) {
        if (file === null) throw error;
        if (turn < BUSY_TURNS && isBusy(error)) await pause(PAUSE_MILLISECONDS);
        else drop(error);
      }
    }
  };
  use();
  return {
    look: (target, source, today) => act((store) => store.look(target, source, today)),
    noteFailure: (guess, now) =>
      act((store) => {
        store.noteFailure(guess, now);
      }),
    noteKnown: (accountId, source, today) =>
      act((store) => {
        store.noteKnown(accountId, source, today);
      }),
    findTrouble: () => trouble,
    stop: () => {
      file?.store.close();
      memory?.close();
      [file, memory] = [null, null];
    },
  };
}

const isBusy = (error: unknown): boolean =>
  isSqliteError(error) && error.code.startsWith("SQLITE_BUSY");
