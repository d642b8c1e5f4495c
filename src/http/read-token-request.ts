// Reads a token request from the query of a GET or the form of a POST; both become the same typed request. Decides nothing.
import type { IncomingMessage } from "node:http";
import { parseName } from "../domain/account.js";
import { keepValues } from "../domain/kept-values.js";
import { err, ok, type Result } from "../domain/result.js";
import { parseScopes } from "../domain/scope.js";
import { Secret } from "../domain/secret.js";
import type { Credential, TokenRequest } from "../token/token-request.js";
import { parseAuthorization } from "./basic-credential.js";
import { parseFields, readFormBody } from "./form-body.js";
import { countHeader } from "./raw-headers.js";
import { decode, parseForm } from "./request-target.js";
import type { EdgeRefusal } from "./token-refusals.js";

/** Parameters of a query that may stand once only; `scope` may be repeated, everything else is ignored (RFC 6749 §3.2). */
const SINGLE_PARAMETERS: ReadonlySet<string> = new Set([
  "service",
  "account",
  "client_id",
  "offline_token",
  "access_type",
]);
/** Never in a URL, where proxies and logs keep them. */
const BODY_ONLY = ["username", "password", "refresh_token"] as const;

/** A request that is refused before anybody looks who sent it. */
export interface Unread {
  readonly refusal: EdgeRefusal;
  /** The name that its credential claims, where it could be one. */
  readonly claimedName: string | null;
}

type Asked = Pick<TokenRequest, "service" | "scopes" | "claimedAccount" | "wantsRefresh">;
type Parameters = ReadonlyMap<string, readonly string[]>;

/** Answers the typed request, or the first thing that is wrong with it; never throws for what a client sends. */
export async function readTokenRequest(
  request: IncomingMessage,
  rawQuery: string,
  origin: Pick<TokenRequest, "source" | "sender">,
): Promise<Result<TokenRequest, Unread>> {
  if (request.method === "GET") return readQuery(request, rawQuery, origin);
  if (request.method === "POST") return readForm(request, rawQuery, origin);
  return err({ refusal: { reason: "method" }, claimedName: null });
}

function readQuery(
  request: IncomingMessage,
  rawQuery: string,
  origin: Pick<TokenRequest, "source" | "sender">,
): Result<TokenRequest, Unread> {
  const authorization = parseAuthorization(request.headers.authorization);
  const claimedName = authorization.ok ? nameOf(authorization.value) : null;
  const refuse = (refusal: EdgeRefusal) => err({ refusal, claimedName });
  if (countHeader(request, "authorization") > 1) return refuse({ reason: "multiple-credentials" });
  const asked = readQueryText(rawQuery);
  if (!asked.ok) return refuse(asked.error);
  if (!authorization.ok) return refuse({ reason: "authorization", fault: authorization.error });
  return ok(joinRequest(asked.value, authorization.value, origin));
}

/** Written out, since spreading is slow, and this is on the way of every token. */
function joinRequest(
  { service, scopes, claimedAccount, wantsRefresh }: Asked,
  credential: Credential,
  { source, sender }: Pick<TokenRequest, "source" | "sender">,
): TokenRequest {
  return { service, scopes, credential, claimedAccount, wantsRefresh, source, sender };
}

/** Every node of a cluster asks for the same few images. */
const readQueryText = keepValues((rawQuery): Result<Asked, EdgeRefusal> => {
  const query = parseForm(rawQuery);
  if (!query.ok) return err({ reason: "target", fault: query.error });
  const values = query.value;
  if (hasRepeats(values, (name) => SINGLE_PARAMETERS.has(name))) {
    return err({ reason: "duplicate-parameter" });
  }
  return readAsked(values);
}, mayKeepQuery);

/** What clients send. Under any other name, however it is spelt, may stand a secret that somebody put where it does not belong. */
const USUAL_QUERY =
  /^(?:(?:service|scope|account|client_id|offline_token|access_type)=[^&]*(?:&|$))*$/;

function mayKeepQuery(rawQuery: string): boolean {
  return USUAL_QUERY.test(rawQuery);
}

async function readForm(
  request: IncomingMessage,
  rawQuery: string,
  origin: Pick<TokenRequest, "source" | "sender">,
): Promise<Result<TokenRequest, Unread>> {
  const misplaced = findMisplaced(request, rawQuery);
  if (misplaced !== null) return err({ refusal: misplaced, claimedName: null });
  const fields = await readFormBody(request);
  if (!fields.ok) {
    return err({ refusal: { reason: "body", fault: fields.error }, claimedName: null });
  }
  const usual = readRefresh(fields.value);
  if (usual !== null) return ok(joinRequest(usual.asked, usual.credential, origin));
  const form = parseFields(fields.value);
  if (!form.ok) {
    return err({ refusal: { reason: "body", fault: form.error }, claimedName: null });
  }
  const values = form.value;
  if (hasRepeats(values, (name) => name !== "scope")) {
    return err({ refusal: { reason: "duplicate-parameter" }, claimedName: null });
  }
  const credential = readGrant(values);
  if (!credential.ok) return err({ refusal: credential.error, claimedName: null });
  const asked = readAsked(values);
  if (!asked.ok) return err({ refusal: asked.error, claimedName: nameOf(credential.value) });
  return ok(joinRequest(asked.value, credential.value, origin));
}

/**
 * What Docker sends again and again, all but the secret in words that are known already; null: anything else, or anything that
 * is wrong with it, which goes the long way.
 */
function readRefresh(
  fields: readonly string[],
): { readonly asked: Asked; readonly credential: Credential } | null {
  const secrets = fields.filter((field) => field.startsWith(REFRESH_FIELD));
  const [secret] = secrets;
  if (secret === undefined || secrets.length > 1) return null;
  const asked = readBesideRefresh(fields.filter((field) => field !== secret).join("&"));
  const token = decode(secret.slice(REFRESH_FIELD.length));
  if (asked === null || token === null || token === "") return null;
  return { asked, credential: { kind: "refresh", token: new Secret(token) } };
}

const REFRESH_FIELD = "refresh_token=";

/** What a refresh asks for, without its secret; null: no plain refresh. */
const readBesideRefresh = keepValues(
  (text): Asked | null => {
    if (!USUAL_REFRESH.test(text)) return null;
    const values = parseForm(text);
    if (!values.ok || hasRepeats(values.value, (name) => name !== "scope")) return null;
    if (first(values.value, "grant_type") !== "refresh_token") return null;
    const asked = readAsked(values.value);
    return asked.ok ? asked.value : null;
  },
  (text) => USUAL_REFRESH.test(text),
);

/** As USUAL_QUERY, with nothing that could be another secret. */
const USUAL_REFRESH = /^(?:(?:grant_type|service|scope|client_id|access_type)=[^&]*(?:&|$))*$/;

/** The credential of a POST is in its body, and nowhere else besides (THREATS A12). */
function findMisplaced(request: IncomingMessage, rawQuery: string): EdgeRefusal | null {
  if (countHeader(request, "authorization") > 0) return { reason: "multiple-credentials" };
  if (rawQuery === "") return null;
  const query = parseForm(rawQuery);
  if (!query.ok) return { reason: "target", fault: query.error };
  const isMisplaced = BODY_ONLY.some((name) => query.value.has(name));
  return isMisplaced ? { reason: "credentials-in-query" } : null;
}

/** `grant_type` and what belongs to it (RFC 6749 §4.3.2 and §6); a parameter without a value counts as missing (§3.2). */
function readGrant(values: Parameters): Result<Credential, EdgeRefusal> {
  const password = first(values, "password");
  const name = first(values, "username");
  const token = first(values, "refresh_token");
  switch (first(values, "grant_type")) {
    case "":
      return err({ reason: "missing-grant-type" });
    case "password":
      if (name === "" || password === "") return err({ reason: "missing-password" });
      return ok({ kind: "password", name, password: new Secret(password) });
    case "refresh_token":
      if (token === "") return err({ reason: "missing-refresh-token" });
      return ok({ kind: "refresh", token: new Secret(token) });
    default:
      return err({ reason: "unsupported-grant-type" });
  }
}

/** What both methods ask for in the same words. */
function readAsked(values: Parameters): Result<Asked, EdgeRefusal> {
  const service = first(values, "service");
  if (service === "") return err({ reason: "missing-service" });
  const scopes = parseScopes(values.get("scope") ?? []);
  if (!scopes.ok) return err({ reason: "scope", fault: scopes.error });
  return ok({
    service,
    scopes: scopes.value,
    claimedAccount: values.get("account")?.[0] ?? null,
    wantsRefresh:
      first(values, "offline_token") === "true" || first(values, "access_type") === "offline",
  });
}

const first = (values: Parameters, name: string): string => values.get(name)?.[0] ?? "";

function hasRepeats(values: Parameters, isSingle: (name: string) => boolean): boolean {
  for (const [name, all] of values) if (all.length > 1 && isSingle(name)) return true;
  return false;
}

const nameOf = (credential: Credential): string | null =>
  credential.kind === "password" ? parseName(credential.name) : null;
