// Counts which rows of an hour are there already, by share and account: a server that starts again goes on with what is left.
import type { ClaimedRows } from "../../domain/activity-shares.js";
import type { Connection } from "./connection.js";
import { isSignInReason } from "./activity-summary.js";

/** Rows for the rest count in no share: their words are NULL. */
const TOKENS =
  "SELECT account_id, count(*) AS rows FROM token_sum WHERE hour = ? AND account IS NOT NULL GROUP BY account_id";
const REFUSALS = `SELECT who.text AS tried, why.text AS reason, count(*) AS rows FROM refusal_sum
  JOIN word AS who ON who.id = tried JOIN word AS why ON why.id = reason WHERE hour = ? GROUP BY tried, reason`;

export function countTokenClaims(connection: Connection, hour: number): readonly ClaimedRows[] {
  return connection
    .prepare<[number], { account_id: number | null; rows: number }>(TOKENS)
    .all(hour)
    .map(({ account_id: id, rows }) =>
      id === null
        ? { share: "strangers", account: "", rows }
        : { share: "accounts", account: String(id), rows },
    );
}

export function countRefusalClaims(connection: Connection, hour: number): readonly ClaimedRows[] {
  return connection
    .prepare<[number], { tried: string; reason: string; rows: number }>(REFUSALS)
    .all(hour)
    .map(({ tried, reason, rows }) => {
      if (isSignInReason(reason)) return { share: "sign-ins", account: "", rows };
      // Only who has signed in is told what is not allowed; the empty name is anonymous.
      const isAccount = reason === "not_allowed" && tried !== "";
      return isAccount
        ? { share: "accounts", account: tried, rows }
        : { share: "strangers", account: "", rows };
    });
}
