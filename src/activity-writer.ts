// Keeps what the server was asked for: sums in memory, written in batches beside the hot path. Its troubles refuse nobody.
import { randomInt } from "node:crypto";
import { setImmediate as giveWay } from "node:timers/promises";
import { ActivitySums } from "./domain/activity-sums.js";
import { REFERENCE_LIMIT, SECONDS_PER_HOUR, type ActivityRecorder } from "./domain/activity.js";
import type { Clock } from "./domain/time.js";
import type { Logger } from "./http/log.js";
import { keepFile } from "./storage/sqlite/kept-file.js";
import { SqliteActivityStore } from "./storage/sqlite/activity-store.js";
import { openActivity } from "./storage/sqlite/open-activity.js";
import { every } from "./turns.js";

export interface ActivityWriter extends ActivityRecorder {
  /** Null, or why nothing can be written just now. */
  findTrouble(): string | null;
  /** Writes what is left and closes the file. */
  stop(): Promise<void>;
}

export interface ActivityWriterOptions {
  readonly path: string;
  readonly migrationsDirectory: string;
  readonly retentionDays: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** What the file may grow to; absent: FILE_MAX_BYTES. */
  readonly maxBytes?: number;
}

/** A crash of the process loses what was asked for in this time. */
const FLUSH_MILLISECONDS = 2000;
/** A power cut loses this time besides. */
const CHECKPOINT_MILLISECONDS = 60_000;
const PRUNE_MILLISECONDS = 3_600_000;
/** Rows of each kind a transaction: some milliseconds, then others have their turn. */
const BATCH_ROWS = 250;
const BUSY_MILLISECONDS = 100;
const SECONDS_PER_DAY = 86_400;

/** Starts to write; a file that can't be opened is tried again with each batch, and the sums wait so long, within bounds. */
export function startActivityWriter(options: ActivityWriterOptions): ActivityWriter {
  const { clock, log } = options;
  const sums = new ActivitySums(() => randomInt(REFERENCE_LIMIT));
  let trouble: string | null = null;

  const file = keepFile({
    path: options.path,
    open: () => openActivity({ ...options, busyTimeoutMs: BUSY_MILLISECONDS }),
    wrap: (connection) => new SqliteActivityStore(connection, options.maxBytes),
    watches: "now",
  });
  /** Runs one act on the file. Null: it failed; that is remembered for health, and logged when it begins and ends. */
  const attempt = async <T>(act: (store: SqliteActivityStore) => Promise<T>): Promise<T | null> => {
    try {
      const answer = await act(file.use());
      if (trouble !== null) log.info({ evt: "activity.written", lost: sums.lost });
      trouble = null;
      return answer;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (trouble !== reason) log.warn({ evt: "activity.unwritten", reason });
      trouble = reason;
      return null;
    }
  };
  const flush = async (): Promise<void> => {
    // What changes meanwhile is for the next time: under load something always does.
    for (let left = sums.waiting; left > 0; left -= BATCH_ROWS) {
      const batch = sums.take(BATCH_ROWS);
      const written = await attempt(async (store) => {
        await store.write(batch);
        return true;
      });
      if (written === null) {
        batch.putBack();
        return;
      }
      await pruneIfTooLarge();
      await giveWay();
    }
  };
  const prune = async (): Promise<void> => {
    const now = clock.now();
    const before = now - options.retentionDays * SECONDS_PER_DAY;
    while ((await attempt((store) => store.pruneHour(before, now))) !== null) await giveWay();
  };
  /** Looked at after each batch: one flush may write many. */
  const pruneIfTooLarge = async (): Promise<void> => {
    if ((await attempt((store) => store.isTooLarge())) === true) await prune();
  };
  const resume = async (): Promise<void> => {
    const now = clock.now();
    const claimed = await attempt((store) => store.countClaims(Math.floor(now / SECONDS_PER_HOUR)));
    if (claimed !== null) sums.resume(claimed, now);
  };
  // Waits for no I/O: it is over before the first request.
  void resume().then(prune);
  const timers = [
    every(FLUSH_MILLISECONDS, flush),
    every(CHECKPOINT_MILLISECONDS, async () => {
      await attempt((store) => store.checkpoint());
    }),
    every(PRUNE_MILLISECONDS, prune),
  ];
  return {
    given: (use, sender) => {
      sums.given(use, sender, clock.now());
    },
    refused: (request, sender) => sums.refused(request, sender, clock.now()),
    findTrouble: () => trouble,
    stop: async () => {
      for (const stop of timers) await stop();
      await flush();
      file.close();
    },
  };
}
