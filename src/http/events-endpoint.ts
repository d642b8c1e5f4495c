// `POST /events`: takes a registry's notifications. With the right secret the answer is 200, or the registry would repeat for ever.
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RegistryEvent } from "../domain/ledger.js";
import type { Secret } from "../domain/secret.js";
import type { Clock, EpochSeconds } from "../domain/time.js";
import { readEvents } from "../ledger/read-events.js";
import { sendError, sendJson, type ErrorAnswer } from "./answer.js";
import type { Logger } from "./log.js";
import { countHeader } from "./raw-headers.js";

/** Longer bodies are dropped: registries send one event, some kilobytes. */
export const EVENTS_BODY_MAX_BYTES = 1_048_576;

/** Where events go; neither method fails. */
export interface EventsReceiver {
  receive(events: readonly RegistryEvent[]): Promise<void>;
  /** Something was reported that could not be read. */
  dropped(service: string): void;
}

export interface EventsEndpointOptions {
  /** `events.secret` */
  readonly secret: Secret;
  /** token.services; the first is meant where `?service=` names none. */
  readonly services: readonly string[];
  readonly ledger: EventsReceiver;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface EventsEndpoint {
  handle(request: IncomingMessage, response: ServerResponse, rawQuery: string): Promise<void>;
}

/** A registry with a wrong secret asks every second: one line a minute tells the operator. */
const WARN_SECONDS = 60;
const SERVICE_SHOWN_MAX = 64;

const NOT_POST: ErrorAnswer = {
  status: 405,
  error: "invalid_request",
  code: "UNSUPPORTED",
  message: "registries POST their notifications here",
  headers: { Allow: "POST", Connection: "close" },
};
const WRONG_SECRET: ErrorAnswer = {
  status: 401,
  error: "invalid_token",
  code: "UNAUTHORIZED",
  message: "notifications need Authorization: Bearer with the value of events.secret",
  headers: { "WWW-Authenticate": "Bearer", Connection: "close" },
};

/** Answers 401 without the secret, before a byte of the body is read, and else 200 whatever comes (REGISTRY-FACTS §3). */
export function createEventsEndpoint(options: EventsEndpointOptions): EventsEndpoint {
  const { services, ledger, headers, clock, log } = options;
  const wanted = digestOf(options.secret.reveal());
  let warnedAt: EpochSeconds = -Infinity;

  const refuse = (request: IncomingMessage, response: ServerResponse): void => {
    const now = clock.now();
    if (Math.abs(now - warnedAt) >= WARN_SECONDS) {
      warnedAt = now;
      const ip = request.socket.remoteAddress ?? "";
      log.warn({ evt: "events.refuse", reason: "wrong_secret", ip });
    }
    sendError(response, WRONG_SECRET, headers);
  };
  const drop = (service: string, reason: string): void => {
    log.warn({ evt: "events.drop", reason, service });
    ledger.dropped(service);
  };
  const take = async (request: IncomingMessage, service: string): Promise<void> => {
    const body = await readBody(request);
    if (typeof body === "string") {
      // Cut off before its end: the registry knows, and sends it again.
      if (body === "aborted") log.debug({ evt: "events.aborted", service });
      else drop(service, body);
      return;
    }
    const read = readEvents(parseJson(body), service);
    if (read === null) {
      drop(service, "unreadable");
      return;
    }
    if (read.broken > 0) drop(service, "broken_event");
    if (read.ignored > 0) log.debug({ evt: "events.ignore", count: read.ignored, service });
    if (read.events.length > 0) await ledger.receive(read.events);
  };
  return {
    handle: async (request, response, rawQuery) => {
      if (request.method !== "POST") {
        sendError(response, NOT_POST, headers);
        return;
      }
      if (!isAuthorized(request, wanted)) {
        refuse(request, response);
        return;
      }
      const named = new URLSearchParams(rawQuery).get("service");
      const service = named ?? services[0] ?? "";
      if (services.includes(service)) await take(request, service);
      else log.warn({ evt: "events.drop", reason: "unknown_service", service: shown(service) });
      sendJson(response, 200, {}, headers);
      // What was not read is read to nowhere: a close would hide the answer from the registry.
      request.resume();
    },
  };
}

/** Digests are compared, so that neither time nor length tells anything (THREATS G01). */
function isAuthorized(request: IncomingMessage, wanted: Buffer): boolean {
  const [, given] = /^bearer ([^ ].*)$/i.exec(request.headers.authorization ?? "") ?? [];
  const isSame = timingSafeEqual(digestOf(given ?? ""), wanted);
  return isSame && given !== undefined && countHeader(request, "authorization") === 1;
}

// Header values come as Latin-1: compared as bytes of UTF-8 both.
const digestOf = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

type BodyFault = "compressed" | "too_long" | "aborted";

/** Any content type: both of registries', and what a proxy makes of them. */
function readBody(request: IncomingMessage): Promise<Buffer | BodyFault> {
  const { headers } = request;
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding.toLowerCase() !== "identity") return Promise.resolve("compressed");
  if (Number(headers["content-length"] ?? 0) > EVENTS_BODY_MAX_BYTES) {
    return Promise.resolve("too_long");
  }
  if (request.destroyed) return Promise.resolve("aborted");
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let length = 0;
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length <= EVENTS_BODY_MAX_BYTES) {
        chunks.push(chunk);
        return;
      }
      chunks = [];
      resolve("too_long");
    });
    request.on("end", () => {
      resolve(Buffer.concat(chunks));
    });
    request.on("close", () => {
      resolve("aborted");
    });
  });
}

/** Undefined: no JSON. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch {
    return undefined;
  }
}

const shown = (text: string): string => text.replaceAll(/[^ -~]/g, "?").slice(0, SERVICE_SHOWN_MAX);
