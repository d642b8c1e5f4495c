// What the ledger may lack and who went past the gate, summed; and which processes of registries have spoken.
import type { GateBypass, LedgerTrouble } from "../../domain/ledger.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { Connection } from "./connection.js";

/** Processes of one registry that are remembered. */
const INSTANCES_MAX = 100;
export const BYPASSES_MAX = 1000;

const NOTE_TROUBLE = `
  INSERT INTO ledger_trouble (service, reason, since, count) VALUES (@service, @reason, @since, 1)
  ON CONFLICT DO UPDATE SET count = count + 1, since = max(since, excluded.since)`;
const NOTE_BYPASS = `
  INSERT INTO ledger_bypass (service, repository, account, first_at, last_at, count)
  VALUES (@service, @repository, @account, @lastAt, @lastAt, 1)
  ON CONFLICT DO UPDATE SET count = count + 1, first_at = min(first_at, excluded.first_at),
    last_at = max(last_at, excluded.last_at)`;
const CUT_BYPASSES = `
  DELETE FROM ledger_bypass WHERE (service, repository, account) IN (
    SELECT service, repository, account FROM ledger_bypass ORDER BY last_at DESC LIMIT -1 OFFSET ${BYPASSES_MAX})`;
const LIST_BYPASSES = `
  SELECT service, repository, account, first_at AS firstAt, last_at AS lastAt, count
  FROM ledger_bypass WHERE last_at > ? ORDER BY last_at DESC, service, repository, account`;
const CUT_INSTANCES = `
  DELETE FROM ledger_instance WHERE service = @service AND instance IN (
    SELECT instance FROM ledger_instance WHERE service = @service ORDER BY last_at DESC, instance LIMIT -1 OFFSET ${INSTANCES_MAX})`;

/** Statements; they throw SqliteError. */
export class LedgerTroubles {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** NOTE: `since` is that of the latest, or a reading that began before it would seem to mend it. */
  note(trouble: Omit<LedgerTrouble, "count">): void {
    this.#connection.prepare(NOTE_TROUBLE).run(trouble);
  }

  clear(service: string, since: EpochSeconds): void {
    this.#connection
      .prepare("DELETE FROM ledger_trouble WHERE service = ? AND since < ?")
      .run(service, since);
  }

  list(): readonly LedgerTrouble[] {
    return this.#connection
      .prepare<[], LedgerTrouble>(
        "SELECT service, reason, since, count FROM ledger_trouble ORDER BY service, reason",
      )
      .all();
  }

  noteBypass(bypass: Omit<GateBypass, "count" | "firstAt">): void {
    this.#connection.prepare(NOTE_BYPASS).run(bypass);
    this.#connection.prepare(CUT_BYPASSES).run();
  }

  listBypasses(since: EpochSeconds): readonly GateBypass[] {
    return this.#connection.prepare<[number], GateBypass>(LIST_BYPASSES).all(since);
  }

  /** True: another process of the service was known, and not this one: it began anew. */
  noteInstance(service: string, instance: string, now: EpochSeconds): boolean {
    const known = this.#connection
      .prepare<[string], string>("SELECT instance FROM ledger_instance WHERE service = ?")
      .pluck()
      .all(service);
    this.#connection
      .prepare(
        "INSERT OR REPLACE INTO ledger_instance (service, instance, last_at) VALUES (?, ?, ?)",
      )
      .run(service, instance, now);
    this.#connection.prepare(CUT_INSTANCES).run({ service });
    return known.length > 0 && !known.includes(instance);
  }
}
