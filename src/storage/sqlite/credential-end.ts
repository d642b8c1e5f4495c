// Ending credentials inside a transaction that is under way, each with its audit record.
import type { CredentialKind, EndReason, ListedCredential } from "../../domain/credential.js";
import type { EpochSeconds } from "../../domain/time.js";
import type { RecordChange } from "./change-log.js";
import type { Connection } from "./connection.js";
import {
  CREDENTIAL_COLUMNS,
  credentialState,
  readListed,
  type ListedRow,
} from "./credential-rows.js";

export interface Ending {
  /** Live ones. */
  readonly credentials: readonly ListedCredential[];
  readonly reason: EndReason;
  readonly now: EpochSeconds;
}

/** To be called inside a transaction. */
export function endCredentials(connection: Connection, record: RecordChange, ending: Ending): void {
  const { credentials, reason, now } = ending;
  const end = connection.prepare("UPDATE credential SET ended_at = ?, end_reason = ? WHERE id = ?");
  for (const credential of credentials) {
    end.run(now, reason, credential.id);
    recordEnd(record, credential, reason);
  }
}

/** The logins that a new one takes the place of; of one that was never used nothing is kept, or logins alone could fill the disk. */
export function displaceLogins(
  connection: Connection,
  record: RecordChange,
  logins: readonly ListedCredential[],
  now: EpochSeconds,
): void {
  const forget = connection.prepare("DELETE FROM credential WHERE id = ?");
  for (const { id } of logins.filter(({ lastUse }) => lastUse === null)) forget.run(id);
  const used = logins.filter(({ lastUse }) => lastUse !== null);
  // Its own account signed in once more, whoever runs the server.
  const byItself: RecordChange = (change) => {
    record({ ...change, actor: { name: used[0]?.account ?? "", isClaimed: false } });
  };
  endCredentials(connection, byItself, { credentials: used, reason: "displaced", now });
}

/** The audit record alone. */
export function recordEnd(
  record: RecordChange,
  credential: ListedCredential,
  reason: EndReason,
): void {
  record({
    verb: "credential.end",
    names: [{ kind: "account", name: credential.account }],
    before: credentialState(credential),
    after: { credential: `${credential.kind}:${credential.id}`, ended: reason },
  });
}

/** The live credentials of these kinds that an account has. */
export function findLive(
  connection: Connection,
  accountId: number,
  kinds: readonly CredentialKind[],
): readonly ListedCredential[] {
  return connection
    .prepare<[number], ListedRow>(
      `SELECT ${CREDENTIAL_COLUMNS}, a.name AS account FROM credential c JOIN account a ON a.id = c.account_id
       WHERE c.account_id = ? AND c.ended_at IS NULL ORDER BY c.id`,
    )
    .all(accountId)
    .map(readListed)
    .filter(({ kind }) => kinds.includes(kind));
}
