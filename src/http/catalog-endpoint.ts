// GET /v2/_catalog: the repositories that the holder of a token may look at, paged as a registry pages them.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { err, ok, type Result } from "../domain/result.js";
import type { Clock } from "../domain/time.js";
import {
  authenticateBearer,
  type BearerContext,
  type BearerRefusal,
} from "../gate/authenticate-bearer.js";
import { listCatalog, type CatalogContext } from "../gate/catalog.js";
import { sendError, sendJson, type ErrorAnswer } from "./answer.js";
import { challengeOf } from "./challenge.js";
import { clientAddress } from "./client-address.js";
import type { Logger } from "./log.js";
import { headerValues } from "./raw-headers.js";
import { parseForm } from "./request-target.js";

export interface CatalogEndpoint {
  readonly bearer: BearerContext;
  readonly catalog: CatalogContext;
  readonly clock: Clock;
  readonly publicUrl: string;
  readonly trustedProxies: BlockList;
  readonly headers: Readonly<Record<string, string>>;
  readonly log: Logger;
}

/** As registries have it by themselves (`catalog.maxentries`). */
const COUNT_MAX = 1000;
const SCOPE = "registry:catalog:*";
/** By it clients know a registry. */
const API_VERSION = { "Docker-Distribution-Api-Version": "registry/2.0" };

interface Page {
  readonly count: number;
  readonly last: string | null;
}

/** Answers one request; throws only what the server's last resort turns into 503 or 500. */
export async function handleCatalog(
  endpoint: CatalogEndpoint,
  request: IncomingMessage,
  response: ServerResponse,
  rawQuery: string,
): Promise<void> {
  const headers = { ...endpoint.headers, ...API_VERSION };
  if (request.method !== "GET" && request.method !== "HEAD") {
    sendError(response, NO_METHOD, headers);
    return;
  }
  const now = endpoint.clock.now();
  const values = headerValues(request, "authorization");
  const who = await authenticateBearer(values, null, endpoint.bearer, now);
  if (!who.ok) {
    const ip = clientAddress(request, endpoint.trustedProxies);
    endpoint.log.info({ evt: "catalog.challenge", reason: describe(who.error), ip });
    sendError(response, challenge(endpoint, who.error), headers);
    return;
  }
  const page = readPage(rawQuery);
  if (!page.ok) {
    sendJson(response, 400, page.error, headers);
    return;
  }
  const { count, last } = page.value;
  // A page of nothing is what a registry answers to n=0.
  const { repositories, isMore } =
    count === 0
      ? { repositories: [], isMore: false }
      : await listCatalog({ ...who.value, last, count, now }, endpoint.catalog);
  const link = isMore ? { Link: linkAfter(repositories.at(-1) ?? "", count) } : {};
  sendJson(response, 200, { repositories }, { ...headers, ...link });
}

const NO_METHOD: ErrorAnswer = {
  status: 405,
  error: "invalid_request",
  code: "UNSUPPORTED",
  message: "the catalogue is read with GET",
  headers: { Allow: "GET, HEAD" },
};

const describe = (refusal: BearerRefusal): string =>
  (refusal.reason === "invalid-token" ? refusal.detail : refusal.reason).replaceAll("-", "_");

/** The registry's own challenge, so that clients fetch a token for it and come again. */
function challenge({ publicUrl, bearer }: CatalogEndpoint, refusal: BearerRefusal): ErrorAnswer {
  const service = bearer.services[0] ?? "";
  const isMissing = refusal.reason === "none";
  const words = {
    service,
    scope: SCOPE,
    ...(isMissing ? {} : { error: "invalid_token" as const }),
  };
  return {
    status: 401,
    error: isMissing ? "unauthorized" : "invalid_token",
    code: "UNAUTHORIZED",
    message: isMissing
      ? "authentication required: the catalogue takes a token"
      : "the token has ended, or its account or login has; sign in again if this stays",
    headers: { "WWW-Authenticate": challengeOf(publicUrl, words) },
  };
}

const BAD_NUMBER = {
  errors: [
    {
      code: "PAGINATION_NUMBER_INVALID",
      message: `invalid number of results requested: n is a whole number from 0 to ${COUNT_MAX}`,
    },
  ],
};
const BAD_QUERY = {
  errors: [{ code: "UNSUPPORTED", message: "the query is not one that can be read" }],
};

/** `?n=100&last=team/app`; the first of each counts, as with a registry, and what else stands there is ignored. */
function readPage(rawQuery: string): Result<Page, object> {
  const query = parseForm(rawQuery);
  if (!query.ok) return err(BAD_QUERY);
  const [n = ""] = query.value.get("n") ?? [];
  const [last = ""] = query.value.get("last") ?? [];
  if (n !== "" && !/^\d{1,9}$/.test(n)) return err(BAD_NUMBER);
  const count = n === "" ? COUNT_MAX : Number(n);
  if (count > COUNT_MAX) return err(BAD_NUMBER);
  return ok({ count, last: last === "" ? null : last });
}

/** RFC 8288, written as Distribution does. */
function linkAfter(last: string, count: number): string {
  const query = new URLSearchParams({ last, n: String(count) });
  return `</v2/_catalog?${query.toString()}>; rel="next"`;
}
