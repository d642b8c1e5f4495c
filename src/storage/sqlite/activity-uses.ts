// Writes the last use of accounts and of their images, within bounds: an account beyond its share gives up its own oldest.
import type { Statement } from "better-sqlite3";
import { USED_IMAGES_MAX } from "../../domain/activity.js";
import type { LastUse } from "../../domain/activity-uses.js";
import type { Connection } from "./connection.js";

/** Images of all accounts together; beyond this an account's share is smaller than USED_IMAGES_MAX. */
export const USES_MAX = 500_000;
/** As many stay when the file is too large. */
export const USES_KEPT = 50_000;

const NOTE_ACCOUNT =
  "INSERT INTO account_use (account_id, last_at) VALUES (?, ?) ON CONFLICT (account_id) DO UPDATE SET last_at = max(last_at, excluded.last_at)";
const UPDATE_IMAGE =
  "UPDATE image_use SET last_at = max(last_at, ?) WHERE account_id = ? AND image = ?";
const TRIM =
  "DELETE FROM image_use WHERE account_id = @accountId AND image IN (SELECT image FROM image_use WHERE account_id = @accountId ORDER BY last_at DESC, image LIMIT -1 OFFSET @keep)";

function prepareAll(connection: Connection) {
  const number = (sql: string): Statement<number[], number> =>
    connection.prepare<number[], number>(sql).pluck();
  return {
    noteAccount: connection.prepare<[number, number]>(NOTE_ACCOUNT),
    updateImage: connection.prepare<[number, number, string]>(UPDATE_IMAGE),
    insertImage: connection.prepare<[number, string, number]>(
      "INSERT INTO image_use (account_id, image, last_at) VALUES (?, ?, ?)",
    ),
    countImages: number("SELECT count(*) FROM image_use WHERE account_id = ?"),
    countAll: number("SELECT count(*) FROM image_use"),
    countAccounts: number("SELECT count(*) FROM account_use"),
    findGreedy: number(
      "SELECT account_id FROM image_use GROUP BY account_id HAVING count(*) > ? LIMIT 1",
    ),
    trim: connection.prepare<{ accountId: number; keep: number }>(TRIM),
    forgetBefore: connection.prepare<[number]>("DELETE FROM image_use WHERE last_at < ?"),
  };
}

/** Every act runs within a transaction of the caller's. */
export class ActivityUses {
  readonly #statements: ReturnType<typeof prepareAll>;
  readonly #most: number;
  /** Images of an account and of all, counted when first asked for; other writers' additions come in with the next count. */
  #ofAccount = new Map<number, number>();
  #total: number | null = null;

  constructor(connection: Connection, most: number = USES_MAX) {
    this.#statements = prepareAll(connection);
    this.#most = most;
  }

  write(uses: readonly LastUse[]): void {
    const grown = new Set<number>();
    for (const { accountId, image, lastAt } of uses) {
      if (image === "") this.#statements.noteAccount.run(accountId, lastAt);
      else if (this.#isNew({ accountId, image, lastAt })) grown.add(accountId);
    }
    for (const accountId of grown) {
      const total = this.#total ?? 0;
      const share = total > this.#most ? this.#shareOf(this.#most) : USED_IMAGES_MAX;
      if ((this.#ofAccount.get(accountId) ?? 0) > share) this.#trim(accountId, share);
    }
  }

  /** Cuts one account down to its share of USES_KEPT; false: none has more. */
  trimOne(): boolean {
    const share = this.#shareOf(USES_KEPT);
    const accountId = this.#statements.findGreedy.get(share);
    if (accountId === undefined) return false;
    this.#trim(accountId, share);
    return true;
  }

  forgetBefore(time: number): void {
    this.#statements.forgetBefore.run(time);
    this.forgetCounts();
  }

  /** After what was not written, and whenever somebody else may have written. */
  forgetCounts(): void {
    this.#ofAccount = new Map();
    this.#total = null;
  }

  #isNew({ accountId, image, lastAt }: LastUse): boolean {
    const { updateImage, insertImage, countImages, countAll } = this.#statements;
    if (updateImage.run(lastAt, accountId, image).changes > 0) return false;
    this.#total ??= countAll.get() ?? 0;
    const count = this.#ofAccount.get(accountId) ?? countImages.get(accountId) ?? 0;
    insertImage.run(accountId, image, lastAt);
    this.#total += 1;
    this.#ofAccount.set(accountId, count + 1);
    return true;
  }

  #shareOf(most: number): number {
    const accounts = Math.max(1, this.#statements.countAccounts.get() ?? 0);
    return Math.min(USED_IMAGES_MAX, Math.max(1, Math.floor(most / accounts)));
  }

  #trim(accountId: number, keep: number): void {
    const { changes } = this.#statements.trim.run({ accountId, keep });
    this.#ofAccount.set(accountId, keep);
    if (this.#total !== null) this.#total -= changes;
  }
}
