// The listeners: limits, exact routing of the hot paths, last resort for errors, graceful stop.
import type {
  IncomingMessage,
  RequestListener,
  Server,
  ServerOptions,
  ServerResponse,
} from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Duplex } from "node:stream";
import { StoreUnavailable } from "../domain/ports.js";
import { err, type Result } from "../domain/result.js";
import { sendError, type ErrorAnswer } from "./answer.js";
import { handleAuthz, type AuthzEndpoint } from "./authz-endpoint.js";
import { handleCatalog, type CatalogEndpoint } from "./catalog-endpoint.js";
import { noteClient, noteInstallation } from "./client-note.js";
import type { EventsEndpoint } from "./events-endpoint.js";
import { handleLive, handleReady, type HealthSource } from "./health.js";
import { createPages, type PagesSource } from "./pages.js";
import { countHeader } from "./raw-headers.js";
import { splitTarget, type RequestTarget } from "./request-target.js";
import { handleToken, type TokenEndpoint } from "./token-endpoint.js";
import { answerRefusal, UNAVAILABLE } from "./token-refusals.js";

// NOTE an ES import of it costs memory and time, see eslint.config.js.
const { createServer } = process.getBuiltinModule("node:http");

export interface HttpContext {
  readonly token: TokenEndpoint;
  readonly authz: AuthzEndpoint;
  /** Null: policy.catalog is admin, and the catalogue is the registry's own. */
  readonly catalog: CatalogEndpoint | null;
  readonly health: HealthSource;
  readonly pages: PagesSource;
  /** The registry's notifications; null: no secret is set for them. */
  readonly events: EventsEndpoint | null;
  /** PEM texts; null: plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
  /** Digests for the doctor of the settings and the store in use; null: it is told nothing. */
  readonly installation: string | null;
  /** Behind a proxy connections idle longer, or the proxy races our close (THREATS §4). */
  readonly isBehindProxy: boolean;
  /** Called as a request arrives. */
  readonly arrived: () => void;
}

/** What one listener serves: `/token` and what people open, `/health` and what machines ask, or both. */
export interface ListenerRole {
  readonly isPublic: boolean;
  readonly isInternal: boolean;
}

const TOKEN_PATHS: ReadonlySet<string> = new Set(["/token", "/auth/token", "/auth/token/"]);
const MAX_HEADERS = 100;
const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  connectionsCheckingInterval: 5_000,
  // Answered by us, with our headers: readTarget.
  requireHostHeader: false,
};

/** So long may a client read why its connection is closed. */
const LINGER_MILLISECONDS = 1000;

const TOO_MANY_HEADERS: ErrorAnswer = {
  status: 431,
  error: "invalid_request",
  code: "UNSUPPORTED",
  message: `more than ${MAX_HEADERS} headers in one request`,
  headers: { Connection: "close" },
};
const NO_HOST: ErrorAnswer = {
  status: 400,
  error: "invalid_request",
  code: "UNSUPPORTED",
  message: "no Host header",
  headers: { Connection: "close" },
};
const DUPLICATE_HOST: ErrorAnswer = {
  status: 400,
  error: "invalid_request",
  code: "UNSUPPORTED",
  message: "more than one Host header",
  headers: { Connection: "close" },
};
const BROKEN: ErrorAnswer = {
  status: 500,
  error: "server_error",
  code: "UNAVAILABLE",
  message: "the server failed on this request; its log says why",
};

/** Makes a server that is not yet listening; `change`: limits of time that are not the usual ones. */
export function createHttpServer(
  context: HttpContext,
  role: ListenerRole,
  change: Pick<
    ServerOptions,
    "headersTimeout" | "requestTimeout" | "connectionsCheckingInterval"
  > = {},
): Server {
  const listener = createListener(context, role);
  const limits = { ...LIMITS, ...change };
  const server =
    context.tls === null
      ? createServer(limits, listener)
      : createTlsServer({ ...limits, ...context.tls }, listener);
  // Node drops headers past this count without a word, Authorization among them: 0 keeps all (THREATS finding 19).
  server.maxHeadersCount = 0;
  server.maxRequestsPerSocket = 1000;
  server.maxConnections = 1024;
  server.keepAliveTimeout = context.isBehindProxy ? 65_000 : 5_000;
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    answerClientError(error, socket, context.token.headers);
  });
  // Without this Node answers an unknown Expect itself, and without our headers.
  server.on("checkExpectation", listener);
  return server;
}

/** The request listener alone, as tests drive it. */
export function createListener(context: HttpContext, role: ListenerRole): RequestListener {
  const pages = createPages(context.pages, role);
  return (request, response) => {
    context.arrived();
    route(context, role, { request, response, pages }).catch((error: unknown) => {
      answerFailure(context, response, error);
    });
  };
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly pages: RequestListener;
}

async function route(context: HttpContext, role: ListenerRole, exchange: Exchange): Promise<void> {
  const { request, response, pages } = exchange;
  const { headers } = context.token;
  if (context.health.isStopping()) response.setHeader("Connection", "close");
  noteInstallation(request, response, context.installation);
  const target = readTarget(request);
  if (!target.ok) {
    const { status, message } = target.error;
    const ip = request.socket.remoteAddress ?? "";
    context.token.log.warn({ evt: "request.refuse", status, reason: message, ip });
    sendError(response, target.error, headers);
    return;
  }
  const { path, rawQuery } = target.value;
  if (role.isPublic && TOKEN_PATHS.has(path)) {
    noteClient(request, response, context.token.trustedProxies);
    await handleToken(context.token, request, response, rawQuery);
    return;
  }
  if (role.isPublic && context.catalog !== null && path === "/v2/_catalog") {
    await handleCatalog(context.catalog, request, response, rawQuery);
    return;
  }
  if (role.isInternal && path === "/authz") {
    await handleAuthz(context.authz, request, response, rawQuery);
    return;
  }
  if (role.isInternal && context.events !== null && path === "/events") {
    await context.events.handle(request, response, rawQuery);
    return;
  }
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (role.isInternal && isRead && path === "/health/live") {
    handleLive(response, headers);
    return;
  }
  if (role.isInternal && isRead && path === "/health/ready") {
    await handleReady(context.health, response, headers);
    return;
  }
  pages(request, response);
}

/** Path and query, or what is refused before anybody looks at them. */
function readTarget(request: IncomingMessage): Result<RequestTarget, ErrorAnswer> {
  if (request.rawHeaders.length / 2 > MAX_HEADERS) return err(TOO_MANY_HEADERS);
  const hosts = countHeader(request, "host");
  if (hosts > 1) return err(DUPLICATE_HOST);
  if (hosts === 0 && request.httpVersion !== "1.0") return err(NO_HOST);
  const target = splitTarget(request.url ?? "");
  return target.ok ? target : err(answerRefusal({ reason: "target", fault: target.error }));
}

/** Every exception denies: 503 where the store can't be asked, 500 otherwise, and no detail outside the log (THREATS I04). */
function answerFailure(context: HttpContext, response: ServerResponse, error: unknown): void {
  const isStore = error instanceof StoreUnavailable;
  context.token.log.error({
    evt: "server.error",
    reason: isStore ? `store_${error.reason.replaceAll("-", "_")}` : "exception",
    err: error,
  });
  if (response.headersSent) {
    response.destroy();
    return;
  }
  sendError(response, isStore ? UNAVAILABLE : BROKEN, context.token.headers);
}

function answerClientError(
  error: NodeJS.ErrnoException,
  socket: Duplex,
  headers: Readonly<Record<string, string>>,
): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${statusOfClientError(error)}\r\nConnection: close\r\nContent-Length: 0\r\n${lines.join("")}\r\n`,
  );
  // NOTE: a client that keeps its half open and goes on dripping would hold the connection for ever.
  setTimeout(() => socket.destroy(), LINGER_MILLISECONDS).unref();
}

function statusOfClientError(error: NodeJS.ErrnoException): string {
  if (error.code === "HPE_HEADER_OVERFLOW") return "431 Request Header Fields Too Large";
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return "408 Request Timeout";
  return "400 Bad Request";
}
