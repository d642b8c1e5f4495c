// For commands: the sums that a server has written, opened when the first question comes; none where no server has run.
import { existsSync } from "node:fs";
import type { ActivitySummary } from "../../domain/activity-summary.js";
import type { ActivityLog } from "../../domain/activity.js";
import { StoreUnavailable } from "../../domain/ports.js";
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

async function connect(options: OpenActivityOptions): Promise<Connection> {
  const { openActivity } = await import("./open-activity.js");
  const opened = openActivity(options);
  if (opened.ok) return opened.value;
  const { code, message } = opened.error;
  throw new StoreUnavailable(code === "busy" ? "busy" : "failed", message);
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
  const reader: ActivityLog = {
    listTokens: async (filter) => (await (await open())?.listTokens(filter)) ?? [],
    listRefusals: async (filter) => (await (await open())?.listRefusals(filter)) ?? [],
    findRefusals: async (reference) => (await (await open())?.findRefusals(reference)) ?? [],
    follow: async (after) =>
      (await (await open())?.follow(after)) ?? { batch: 0, tokens: [], refusals: [] },
    lastUses: async () => (await (await open())?.lastUses()) ?? new Map(),
    lastUseOf: async (accountId) => (await (await open())?.lastUseOf(accountId)) ?? null,
    imageUses: async () => (await (await open())?.imageUses()) ?? [],
    summarize: async (since, top) => (await (await open())?.summarize(since, top)) ?? NO_SUMMARY,
    prune: async (before, onHour) => (await (await open())?.prune(before, onHour)) ?? 0,
    beginsAt: async () => (await (await open())?.beginsAt()) ?? null,
  };
  return {
    log: reader,
    close: () => {
      opened?.close();
    },
  };
}
