// GET /authz: what a proxy asks before it passes a request to the registry. Read → authenticate → decide → answer 204, 401 or 403.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import type { ActivityRecorder } from "../domain/activity.js";
import { keepValues } from "../domain/kept-values.js";
import { err, ok, type Result } from "../domain/result.js";
import { askGate, type Asked } from "../gate/ask-gate.js";
import type { BearerIdentity, BearerRefusal } from "../gate/authenticate-bearer.js";
import { scopeOfRequest } from "../gate/decide-request.js";
import type { GateContext } from "../gate/gate-context.js";
import {
  readProxiedRequest,
  type ProxiedRequest,
  type RequestFault,
} from "../gate/proxied-request.js";
import { senderOf } from "./activity-notes.js";
import { sendEmpty, sendError, type ErrorAnswer } from "./answer.js";
import { challengeOf } from "./challenge.js";
import { clientAddress } from "./client-address.js";
import { describeDenial, noteDenial } from "./gate-denials.js";
import type { Logger } from "./log.js";
import { headerValues } from "./raw-headers.js";
import { parseForm } from "./request-target.js";

export interface AuthzEndpoint {
  readonly gate: GateContext;
  /** `gate.headers`: which family of headers names the request; the other one decides nothing. */
  readonly headerFamily: "original" | "forwarded";
  readonly publicUrl: string;
  readonly trustedProxies: BlockList;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly activity: ActivityRecorder;
}

const FAMILIES = {
  original: { method: "x-original-method", uri: "x-original-uri" },
  forwarded: { method: "x-forwarded-method", uri: "x-forwarded-uri" },
} as const;

/** What stands in the way before anybody is asked. */
type Fault = RequestFault | "no-headers" | "two-headers" | "service";

/**
 * Answers one question of a proxy by 204, 401 or 403 and by nothing else: what proxies make of other answers differs. Where
 * nothing can be decided nothing passes (THREATS T10).
 */
export async function handleAuthz(
  endpoint: AuthzEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  rawQuery: string,
): Promise<void> {
  try {
    await answerQuestion(endpoint, request, response, rawQuery);
  } catch (error) {
    endpoint.log.error({ evt: "gate.error", err: error });
    if (response.headersSent) response.destroy();
    else sendDenied(endpoint, response, UNDECIDED);
  }
}

const UNDECIDED =
  "the gate can not decide just now; try again in a few seconds, or ask the registry's operator to look at the log";

async function answerQuestion(
  endpoint: AuthzEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  rawQuery: string,
): Promise<void> {
  const asked = readQuestion(endpoint, request, rawQuery);
  if (!asked.ok) {
    refuse(endpoint, request, response, asked.error);
    return;
  }
  const authorization = headerValues(request, "authorization");
  const judged = await askGate(asked.value, authorization, endpoint.gate);
  if (!judged.ok) {
    answerBearer(endpoint, judged.error, asked.value, { request, response });
    return;
  }
  if (judged.value === "pass") {
    pass(endpoint, response);
    return;
  }
  const { who, answer } = judged.value;
  switch (answer.kind) {
    case "insufficient-scope":
      challenge(endpoint, response, {
        service: who.service,
        scope: answer.scope,
        error: "insufficient_scope",
      });
      return;
    case "denied":
      deny(endpoint, asked.value.request, who, {
        denial: answer.denial,
        request,
        response,
      });
      return;
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Method, line break, URI, of a request that has no body: nodes ask for the same few manifests again and again. */
const readPlainRequest = keepValues((line) => {
  const [method = "", uri = ""] = line.split("\n");
  return readProxiedRequest({ method, uri, contentTypes: [] });
});

/** The services that the proxy's query names; one that can't be read names none of ours. */
const readServices = keepValues((rawQuery): readonly string[] => {
  const query = parseForm(rawQuery);
  return query.ok ? (query.value.get("service") ?? []) : [""];
}, isUsualQuery);

/** What our documentation tells proxies to ask; anything else need not stay in memory. */
function isUsualQuery(rawQuery: string): boolean {
  return /^(?:service=[^&]*)?$/.test(rawQuery);
}

/** Method, URI and service as the proxy tells them; each exactly once (REGISTRY-FACTS §4.3 rule 4). */
function readQuestion(
  { headerFamily, gate }: AuthzEndpoint,
  request: IncomingMessage,
  rawQuery: string,
): Result<Asked, Fault> {
  const names = FAMILIES[headerFamily];
  const methods = headerValues(request, names.method);
  const uris = headerValues(request, names.uri);
  const [method] = methods;
  const [uri] = uris;
  if (method === undefined || uri === undefined) return err("no-headers");
  if (methods.length > 1 || uris.length > 1) return err("two-headers");
  const contentTypes = headerValues(request, "content-type");
  const read =
    contentTypes.length === 0
      ? readPlainRequest(`${method}\n${uri}`)
      : readProxiedRequest({ method, uri, contentTypes });
  if (!read.ok) return read;
  const services = readServices(rawQuery);
  const [service] = services;
  if (services.length > 1 || (service !== undefined && !gate.services.includes(service))) {
    return err("service");
  }
  const isKnownAgain = contentTypes.length === 0;
  return ok({ request: read.value, service: service ?? null, isKnownAgain });
}

function pass({ headers }: AuthzEndpoint, response: ServerResponse): void {
  sendEmpty(response, 204, headers);
}

const FAULTS: Readonly<Record<Fault, string>> = {
  "no-headers":
    "the proxy did not say which request it asks about; set the headers that gate.headers names (docs/gate.md)",
  "two-headers": "a header came more than once that may come only once",
  service: "the proxy asks for a service that is not one of token.services",
  method: "this method is not one that registries know",
  path: "this path is not one that registry clients use",
  query: "this query is not one that registry clients use",
  "form-body": "a registry takes no forms; send the content as application/octet-stream",
};

function refuse(
  endpoint: AuthzEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
): void {
  const ip = clientAddress(request, endpoint.trustedProxies);
  const reason = fault.replaceAll("-", "_");
  endpoint.log.warn({ evt: "gate.refuse", reason, ip });
  sendDenied(endpoint, response, FAULTS[fault]);
}

function answerBearer(
  endpoint: AuthzEndpoint,
  refusal: BearerRefusal,
  { request: asked, service }: Asked,
  { request, response }: Exchange,
): void {
  switch (refusal.reason) {
    case "none":
      // The registry sends its own challenge: it knows what it wants.
      pass(endpoint, response);
      return;
    case "two-headers":
      refuse(endpoint, request, response, "two-headers");
      return;
    case "invalid-token": {
      const ip = clientAddress(request, endpoint.trustedProxies);
      const reason = refusal.detail.replaceAll("-", "_");
      endpoint.log.info({ evt: "gate.challenge", reason, ip });
      challenge(endpoint, response, {
        service: service ?? endpoint.gate.services[0] ?? "",
        scope: scopeOfRequest(asked),
        error: "invalid_token",
      });
      return;
    }
  }
}

const CHALLENGE_WORDS = {
  invalid_token: "the token has ended, or its account or login has; sign in again if this stays",
  insufficient_scope: "the token does not reach both repositories of this mount",
} as const;

function challenge(
  { publicUrl, headers }: AuthzEndpoint,
  response: ServerResponse,
  words: {
    readonly service: string;
    readonly scope: string | null;
    readonly error: keyof typeof CHALLENGE_WORDS;
  },
): void {
  const answer: ErrorAnswer = {
    status: 401,
    error: words.error,
    code: "UNAUTHORIZED",
    message: CHALLENGE_WORDS[words.error],
    headers: { "WWW-Authenticate": challengeOf(publicUrl, words) },
  };
  sendError(response, answer, headers);
}

function deny(
  endpoint: AuthzEndpoint,
  asked: ProxiedRequest,
  who: BearerIdentity,
  {
    denial,
    request,
    response,
  }: Exchange & { readonly denial: Parameters<typeof describeDenial>[0] },
): void {
  const address = clientAddress(request, endpoint.trustedProxies);
  const note = noteDenial(endpoint.activity, {
    denial,
    asked,
    who,
    sender: senderOf(request, address),
  });
  endpoint.log.warn({ evt: "gate.deny", ...note, ip: address });
  sendDenied(endpoint, response, `${describeDenial(denial, asked, who)}; ref ${note.ref}`);
}

/** The reason stands in a header too: nginx replaces the body. No quotes, no backslash: it is pasted into JSON. */
function sendDenied({ headers }: AuthzEndpoint, response: ServerResponse, message: string): void {
  const reason = message.replaceAll(/[^ -~]|["\\]/g, "");
  const answer: ErrorAnswer = {
    status: 403,
    error: "access_denied",
    code: "DENIED",
    message: reason,
    headers: { "X-Deny-Reason": reason },
  };
  sendError(response, answer, headers);
}
