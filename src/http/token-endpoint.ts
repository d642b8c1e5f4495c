// GET and POST /token: read → issue → answer. Lean on purpose: no framework on this path (DESIGN §5).
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { parseName } from "../domain/account.js";
import type { ActivityRecorder, Sender } from "../domain/activity.js";
import { formatScope } from "../domain/scope.js";
import { formatTime } from "../domain/time.js";
import { issueToken, type TokenContext } from "../token/issue-token.js";
import type { IssuedToken, TokenRefusal } from "../token/token-answer.js";
import type { TokenRequest } from "../token/token-request.js";
import { noteIssued, noteRefused, noteUnread, senderOf, triedName } from "./activity-notes.js";
import { sendError, sendText } from "./answer.js";
import { clientAddress, sourceOf } from "./client-address.js";
import type { Logger } from "./log.js";
import { readTokenRequest, type Unread } from "./read-token-request.js";
import { answerRefusal, type EdgeRefusal } from "./token-refusals.js";

export interface TokenEndpoint {
  readonly tokens: TokenContext;
  readonly trustedProxies: BlockList;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly activity: ActivityRecorder;
  /** Another one each time, for the log. */
  readonly requestId: () => string;
}

/** Where a request comes from: for the record, and for its line in the log. */
interface Origin {
  readonly sender: Sender;
  readonly line: { readonly rid: string; readonly ip: string };
}

/** Answers one token request; throws only what the server's last resort turns into 503 or 500. */
export async function handleToken(
  endpoint: TokenEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  rawQuery: string,
): Promise<void> {
  const address = clientAddress(request, endpoint.trustedProxies);
  const { activity } = endpoint;
  const line = { rid: endpoint.requestId(), ip: address };
  const sender = senderOf(request, address);
  const source = sourceOf(address);
  const read = await readTokenRequest(request, rawQuery, { source, sender });
  if (!read.ok) {
    answerUnread(endpoint, response, read.error, { sender, line });
    return;
  }
  const tokenRequest = read.value;
  let issued;
  try {
    issued = await issueToken(tokenRequest, endpoint.tokens);
  } catch (error) {
    const ref = noteRefused(activity, tokenRequest, { reason: "unavailable", sender });
    endpoint.log.warn({ evt: "token.refuse", reason: "unavailable", ref, ...line });
    throw error;
  }
  const isPost = request.method === "POST";
  if (!issued.ok) {
    const holder = "holder" in issued.error ? issued.error.holder : undefined;
    const refusal = describeRefusal(issued.error, tokenRequest);
    const { reason } = refusal;
    const ref = noteRefused(activity, tokenRequest, { reason, sender, holder });
    endpoint.log.warn({ ...refusal, ref, ...line });
    const answer = answerRefusal(issued.error, isPost ? "invalid_grant" : "invalid_client");
    sendError(response, answer, endpoint.headers);
    return;
  }
  const refs = noteIssued(activity, tokenRequest, issued.value, sender);
  endpoint.log.info(describeIssue(issued.value, tokenRequest, { refs, line }));
  const granted = isPost ? formatGranted(issued.value) : undefined;
  sendText(response, 200, formatBody(issued.value, granted), endpoint.headers);
}

function answerUnread(
  endpoint: TokenEndpoint,
  response: ServerResponse,
  { refusal, claimedName }: Unread,
  { sender, line }: Origin,
): void {
  const reason = describeEdge(refusal);
  const ref = noteUnread(endpoint.activity, claimedName, { reason, sender });
  endpoint.log.warn({ evt: "token.refuse", reason, ref, ...line });
  // NOTE: of an aborted request nobody is left to read an answer.
  if (reason === "aborted") response.destroy();
  else sendError(response, answerRefusal(refusal), endpoint.headers);
}

/** distribution auth/token.md "Token response fields"; both names of the token, for every client. */
function formatBody(
  { token, expiresInSeconds, issuedAt, refreshToken }: IssuedToken,
  scope: string | undefined,
): string {
  // JSON leaves out what is undefined.
  const rest = JSON.stringify({
    expires_in: expiresInSeconds,
    issued_at: formatTime(issuedAt),
    refresh_token: refreshToken ?? undefined,
    scope,
  });
  // A compact JWS is made of letters that JSON takes as they are (RFC 7515 §3.1).
  return `{"token":"${token}","access_token":"${token}",${rest.slice(1)}`;
}

/** What was granted, as auth/oauth.md wants it told: `repository:a:pull repository:b:pull,push`; nothing is empty. */
function formatGranted({ access }: IssuedToken): string {
  return access
    .filter(({ actions }) => actions.length > 0)
    .map(formatScope)
    .join(" ");
}

/** Log reasons of requests that never reached the token flow: `dup_param`, `limit`, `damaged`, … */
function describeEdge(refusal: EdgeRefusal): string {
  if ("fault" in refusal) return refusal.fault.replaceAll("-", "_");
  if (refusal.reason === "duplicate-parameter") return "dup_param";
  return refusal.reason.replaceAll("-", "_");
}

function describeRefusal(refusal: TokenRefusal, request: TokenRequest) {
  const holder = "holder" in refusal ? refusal.holder : undefined;
  const who =
    holder === undefined
      ? { user: triedName(request) }
      : { user: holder.account, credential: holder.credential };
  return {
    evt: SIGN_IN_REFUSALS.has(refusal.reason) ? "auth.fail" : "token.refuse",
    reason: reasonOf(refusal).replaceAll("-", "_"),
    ...who,
  };
}

const SIGN_IN_REFUSALS: ReadonlySet<TokenRefusal["reason"]> = new Set([
  "bad-credentials",
  "credential-ended",
  "unconfirmed",
  "nameless",
]);

/** An account and a credential both can have ended or expired: the log and the audit tell which. */
function reasonOf(refusal: TokenRefusal): string {
  if (refusal.reason === "bad-credentials") return refusal.detail;
  if (refusal.reason === "credential-ended") return `credential-${refusal.detail}`;
  if (refusal.reason === "throttled") return `throttled-${refusal.detail}`;
  return refusal.reason;
}

/** One literal on the way of every token; what is undefined is not logged. */
function describeIssue(
  issued: IssuedToken,
  request: TokenRequest,
  { refs, line }: { readonly refs: readonly string[]; readonly line: Origin["line"] },
) {
  const { claimedAccount } = request;
  const isDifferent = claimedAccount !== null && parseName(claimedAccount) !== issued.subject;
  return {
    evt: "token.issue",
    sub: issued.subject,
    service: request.service,
    asked: request.scopes.map(formatScope),
    given: issued.access.map(formatScope),
    claimed_account: isDifferent ? (parseName(claimedAccount) ?? "(not a name)") : undefined,
    refs: refs.length === 0 ? undefined : refs,
    rid: line.rid,
    ip: line.ip,
  };
}
