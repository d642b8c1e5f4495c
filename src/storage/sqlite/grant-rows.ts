// Writing grants: names of subjects become ids inside the transaction that uses them.
import { normalizeActions, type Action } from "../../domain/action.js";
import { subjectKey, type Subject } from "../../domain/image.js";
import type { ImageRefusal, NewGrant, SubjectName } from "../../domain/ports.js";
import { err, ok, type Result } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import { prepareOnce, type Connection } from "./connection.js";
import type { GrantRow } from "./rows.js";

/** Grants with the name of their account or group, as rows.ts reads them. */
export const SELECT_GRANTS = `SELECT g.*, coalesce(a.name, ag.name) AS name FROM image_grant g
  LEFT JOIN account a ON a.id = g.account_id LEFT JOIN account_group ag ON ag.id = g.group_id`;
/** Bound to the present second. */
export const NOT_ENDED = "(g.expires_at IS NULL OR g.expires_at > ?)";

/** Sets each grant, replacing an earlier one of the same subject; the first unknown subject is the answer. */
export function putGrants(
  connection: Connection,
  imageId: number,
  grants: readonly NewGrant[],
  now: EpochSeconds,
): { readonly ok: false; readonly error: ImageRefusal } | null {
  const put = prepareOnce(
    connection,
    `INSERT INTO image_grant (image_id, subject, account_id, group_id, actions, expires_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (image_id, subject) DO UPDATE SET
       actions = excluded.actions, expires_at = excluded.expires_at, created_at = excluded.created_at`,
  );
  for (const grant of grants) {
    const subject = resolveSubject(connection, grant.subject);
    if (!subject.ok) return subject;
    const { value } = subject;
    put.run(
      imageId,
      subjectKey(value),
      value.kind === "account" ? value.id : null,
      value.kind === "group" ? value.id : null,
      normalizeActions(grant.actions).join(","),
      grant.expiresAt,
      now,
    );
  }
  return null;
}

/** The subject with its id, or who is missing. */
export function resolveSubject(
  connection: Connection,
  subject: SubjectName,
): Result<Subject, ImageRefusal> {
  if (subject.kind === "authenticated" || subject.kind === "anonymous") return ok(subject);
  const table = subject.kind === "account" ? "account" : "account_group";
  const found = prepareOnce(connection, `SELECT id FROM ${table} WHERE name = ?`);
  const id = found.pluck().get(subject.name) as number | undefined;
  if (id !== undefined) return ok({ kind: subject.kind, id, name: subject.name });
  const reason = subject.kind === "account" ? "unknown-account" : "unknown-group";
  return err({ reason, name: subject.name });
}

/** Taking `pull` takes `push` as well: a push without pull never works. */
export function leftAfter(
  held: readonly Action[],
  taken: readonly Action[] | null,
): readonly Action[] {
  if (taken === null) return [];
  const isPullTaken = taken.includes("pull");
  return held.filter((action) => !taken.includes(action) && !(action === "push" && isPullTaken));
}

/** Leaves the grant these actions; without any it goes. */
export function cutGrant(connection: Connection, grant: GrantRow, left: readonly Action[]): void {
  const { image_id: image, subject } = grant;
  if (left.length === 0) {
    connection
      .prepare("DELETE FROM image_grant WHERE image_id = ? AND subject = ?")
      .run(image, subject);
    return;
  }
  connection
    .prepare("UPDATE image_grant SET actions = ? WHERE image_id = ? AND subject = ?")
    .run(left.join(","), image, subject);
}
