// For commands: the sums that a server has written, opened when the first question comes; none where no server has run.
import { existsSync } from "node:fs";
import type { ActivitySummary } from "../../domain/activity-summary.js";
import type { ActivityLog } from "../../domain/activity.js";
import { StoreUnavailable } from "../../domain/ports.js";
import { SqliteActivityLog } from "./activity-log.js";
import type { Connection } from "./connection.js";
import { openActivity, type OpenActivityOptions } from "./open-activity.js";

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

/** A log that opens its file when it is first asked; `close` ends it. */
export function createActivityReader(options: OpenActivityOptions): {
  readonly log: ActivityLog;
  close(): void;
} {
  let connection: Connection | null = null;
  const open = (): SqliteActivityLog | null => {
    if (connection !== null) return new SqliteActivityLog(connection);
    if (!existsSync(options.path)) return null;
    const opened = openActivity(options);
    if (!opened.ok) {
      const { code, message } = opened.error;
      throw new StoreUnavailable(code === "busy" ? "busy" : "failed", message);
    }
    connection = opened.value;
    return new SqliteActivityLog(connection);
  };
  const log: ActivityLog = {
    listTokens: async (filter) => (await open()?.listTokens(filter)) ?? [],
    listRefusals: async (filter) => (await open()?.listRefusals(filter)) ?? [],
    findRefusals: async (reference) => (await open()?.findRefusals(reference)) ?? [],
    follow: async (after) =>
      (await open()?.follow(after)) ?? { batch: 0, tokens: [], refusals: [] },
    lastUses: async () => (await open()?.lastUses()) ?? new Map(),
    lastUseOf: async (accountId) => (await open()?.lastUseOf(accountId)) ?? null,
    imageUses: async () => (await open()?.imageUses()) ?? [],
    summarize: async (since, top) => (await open()?.summarize(since, top)) ?? NO_SUMMARY,
    prune: async (before, onHour) => (await open()?.prune(before, onHour)) ?? 0,
    beginsAt: async () => (await open()?.beginsAt()) ?? null,
  };
  return {
    log,
    close: () => {
      connection?.close();
    },
  };
}
