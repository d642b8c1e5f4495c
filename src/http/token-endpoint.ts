// GET /token: parse → issue → answer. Lean on purpose: no framework on this path (DESIGN §5).
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { parseName } from "../domain/account.js";
import type { ActivityRecorder } from "../domain/activity.js";
import { err, ok, type Result } from "../domain/result.js";
import { formatScope, parseScopes } from "../domain/scope.js";
import { formatTime } from "../domain/time.js";
import { issueToken, type TokenContext } from "../token/issue-token.js";
import type { IssuedToken, TokenRefusal } from "../token/token-answer.js";
import type { TokenRequest } from "../token/token-request.js";
import { noteIssued, noteRefused, noteUnread, senderOf, triedName } from "./activity-notes.js";
import { sendError, sendJson } from "./answer.js";
import { parseAuthorization } from "./basic-credential.js";
import { clientAddress, sourceOf } from "./client-address.js";
import type { Logger } from "./log.js";
import { parseForm } from "./request-target.js";
import { answerRefusal, type EdgeRefusal } from "./token-refusals.js";

export interface TokenEndpoint {
  readonly tokens: TokenContext;
  readonly trustedProxies: BlockList;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly activity: ActivityRecorder;
}

/** What a handler knows of the request besides itself. */
export interface RequestScope {
  readonly rawQuery: string;
  readonly requestId: string;
}

/** Parameters that may stand once only; `scope` may be repeated, everything else is ignored (RFC 6749 §3.2). */
const SINGLE_PARAMETERS = ["service", "account", "client_id", "offline_token"] as const;

/** Answers one token request; throws only what the server's last resort turns into 503 or 500. */
export async function handleToken(
  endpoint: TokenEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  scope: RequestScope,
): Promise<void> {
  const address = clientAddress(request, endpoint.trustedProxies);
  const line = { rid: scope.requestId, ip: address };
  const { activity } = endpoint;
  const sender = senderOf(request, address);
  const parsed = parseTokenRequest(request, scope.rawQuery, { source: sourceOf(address), sender });
  if (!parsed.ok) {
    const { reason } = describeEdge(parsed.error);
    const ref = noteUnread(activity, claimedName(request), { reason, sender });
    endpoint.log.warn({ evt: "token.refuse", reason, ref, ...line });
    sendError(response, answerRefusal(parsed.error), endpoint.headers);
    return;
  }
  const tokenRequest = parsed.value;
  const issued = await issueToken(tokenRequest, endpoint.tokens).catch((error: unknown) => {
    const ref = noteRefused(activity, tokenRequest, { reason: "unavailable", sender });
    endpoint.log.warn({ evt: "token.refuse", reason: "unavailable", ref, ...line });
    throw error;
  });
  if (!issued.ok) {
    const refusal = describeRefusal(issued.error, tokenRequest);
    const ref = noteRefused(activity, tokenRequest, { reason: refusal.reason, sender });
    endpoint.log.warn({ ...refusal, ref, ...line });
    sendError(response, answerRefusal(issued.error), endpoint.headers);
    return;
  }
  const refs = noteIssued(activity, tokenRequest, issued.value, sender);
  const denied = refs.length === 0 ? {} : { refs };
  endpoint.log.info({ ...describeIssue(issued.value, tokenRequest), ...denied, ...line });
  const { token, expiresInSeconds, issuedAt, refreshToken } = issued.value;
  const body = {
    token,
    access_token: token,
    expires_in: expiresInSeconds,
    issued_at: formatTime(issuedAt),
    ...(refreshToken === null ? {} : { refresh_token: refreshToken }),
  };
  sendJson(response, 200, body, endpoint.headers);
}

/** Answers the typed request, or the first thing that is wrong with it; decides nothing. */
export function parseTokenRequest(
  request: IncomingMessage,
  rawQuery: string,
  origin: Pick<TokenRequest, "source" | "sender">,
): Result<TokenRequest, EdgeRefusal> {
  if (request.method !== "GET") return err({ reason: "method" });
  if (countHeader(request, "authorization") > 1) return err({ reason: "multiple-credentials" });
  const query = parseForm(rawQuery);
  if (!query.ok) return err({ reason: "target", fault: query.error });
  const values = query.value;
  if (SINGLE_PARAMETERS.some((name) => (values.get(name)?.length ?? 0) > 1)) {
    return err({ reason: "duplicate-parameter" });
  }
  const service = values.get("service")?.[0] ?? "";
  if (service === "") return err({ reason: "missing-service" });
  const scopes = parseScopes(values.get("scope") ?? []);
  if (!scopes.ok) return err({ reason: "scope", fault: scopes.error });
  const credential = parseAuthorization(request.headers.authorization);
  if (!credential.ok) return err({ reason: "authorization", fault: credential.error });
  return ok({
    service,
    scopes: scopes.value,
    credential: credential.value,
    claimedAccount: values.get("account")?.[0] ?? null,
    wantsRefresh: values.get("offline_token")?.[0] === "true",
    ...origin,
  });
}

/** Whom a request claims to come from that is refused before anybody looks whether it does. */
function claimedName(request: IncomingMessage): string | null {
  const parsed = parseAuthorization(request.headers.authorization);
  if (!parsed.ok || parsed.value.kind !== "password") return null;
  return parseName(parsed.value.name);
}

/** Node keeps only the first of some repeated headers; the raw list tells (THREATS A12). */
export function countHeader(request: IncomingMessage, name: string): number {
  let count = 0;
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === name) count += 1;
  }
  return count;
}

/** Log reasons of requests that never reached the token flow: `dup_param`, `limit`, `damaged`, … */
function describeEdge(refusal: EdgeRefusal): { reason: string } {
  if ("fault" in refusal) return { reason: refusal.fault.replaceAll("-", "_") };
  if (refusal.reason === "duplicate-parameter") return { reason: "dup_param" };
  return { reason: refusal.reason.replaceAll("-", "_") };
}

function describeRefusal(refusal: TokenRefusal, request: TokenRequest) {
  const reason = "detail" in refusal ? refusal.detail : refusal.reason;
  const evt = refusal.reason === "bad-credentials" ? "auth.fail" : "token.refuse";
  return { evt, reason: reason.replaceAll("-", "_"), user: triedName(request) };
}

function describeIssue(issued: IssuedToken, request: TokenRequest) {
  const { claimedAccount } = request;
  const isDifferent = claimedAccount !== null && parseName(claimedAccount) !== issued.subject;
  return {
    evt: "token.issue",
    sub: issued.subject,
    service: request.service,
    asked: request.scopes.map(formatScope),
    given: issued.access.map(formatScope),
    ...(isDifferent ? { claimed_account: parseName(claimedAccount) ?? "(not a name)" } : {}),
  };
}
