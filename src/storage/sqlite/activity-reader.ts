// For commands: the sums that a server has written, opened when the first question comes; none where no server has run.
import { existsSync } from "node:fs";
import type { ActivitySummary } from "../../domain/activity-summary.js";
import type { ActivityLog } from "../../domain/activity.js";
import { StoreUnavailable } from "../../domain/ports.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { SqliteActivityLog } from "./activity-log.js";
import type { Connection } from "./connection.js";
import { watchFile, type FileWatch } from "./file-watch.js";
import type { OpenActivityOptions } from "./open-activity.js";

const NO_SUMMARY: ActivitySummary = {
  refusedCount: 0,
  givenCount: 0,
  refusals: [],
  failures: [],
  unknownNames: { count: 0, names: [], addresses: [] },
  newAddresses: [],
  shedCount: 0,
  restCount: 0,
  accounts: [],
  images: [],
};

function toUnavailable({ code, message }: StoreFault, cause?: unknown): StoreUnavailable {
  return new StoreUnavailable(code === "busy" ? "busy" : "failed", message, cause);
}

async function connect(options: OpenActivityOptions): Promise<Connection> {
  const { openActivity } = await import("./open-activity.js");
  const opened = openActivity(options);
  if (opened.ok) return opened.value;
  throw toUnavailable(opened.error);
}

/** A log that opens its file when it is first asked; `close` ends it. */
export function createActivityReader(options: OpenActivityOptions): {
  readonly log: ActivityLog;
  close(): void;
} {
  let opened: Connection | null = null;
  let log: Promise<SqliteActivityLog> | null = null;
  let watch: FileWatch | null = null;
  /** A damaged file may be moved away while somebody follows it. */
  const isMoved = (): boolean => {
    try {
      watch?.("now");
      return false;
    } catch {
      return true;
    }
  };
  const start = async (): Promise<SqliteActivityLog> => {
    // Loaded only by what asks: most commands start quicker without.
    const { SqliteActivityLog: Log } = await import("./activity-log.js");
    opened = await connect(options);
    watch = watchFile(options.path);
    return new Log(opened);
  };
  const open = async (): Promise<SqliteActivityLog | null> => {
    if (isMoved()) {
      opened?.close();
      [opened, log, watch] = [null, null, null];
    }
    if (log === null && !existsSync(options.path)) return null;
    log ??= start();
    return log;
  };
  /** Null where there is no file. Damage that shows only now is said to be this file's, not the store's. */
  const ask = async <T>(question: (log: SqliteActivityLog) => Promise<T>): Promise<T | null> => {
    const found = await open();
    try {
      return found === null ? null : await question(found);
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || error.cause === undefined) throw error;
      const { describeActivityError } = await import("./open-activity.js");
      throw toUnavailable(describeActivityError(options.path, error.cause), error);
    }
  };
  const reader: ActivityLog = {
    listTokens: async (filter) => (await ask((one) => one.listTokens(filter))) ?? [],
    listRefusals: async (filter) => (await ask((one) => one.listRefusals(filter))) ?? [],
    findRefusals: async (reference) => (await ask((one) => one.findRefusals(reference))) ?? [],
    follow: async (after) =>
      (await ask((one) => one.follow(after))) ?? { batch: 0, tokens: [], refusals: [] },
    lastUses: async () => (await ask((one) => one.lastUses())) ?? new Map(),
    lastUseOf: async (accountId) => ask((one) => one.lastUseOf(accountId)),
    visitImageUses: async (visit) => {
      await ask((one) => one.visitImageUses(visit));
    },
    summarize: async (since, top) => (await ask((one) => one.summarize(since, top))) ?? NO_SUMMARY,
    prune: async (before, now, onHour) => (await ask((one) => one.prune(before, now, onHour))) ?? 0,
    endsAt: async () => ask((one) => one.endsAt()),
    beginsAt: async () => ask((one) => one.beginsAt()),
  };
  return {
    log: reader,
    close: () => {
      opened?.close();
    },
  };
}
