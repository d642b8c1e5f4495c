// Answers on the wire: the headers that every answer carries, and the error body that every client can show.
import type { ServerResponse } from "node:http";
import { keepByObject } from "../domain/kept-values.js";

/** The error codes of THREATS §3 "Error body"; the first are OAuth's, the second the registry API's. */
export interface ErrorAnswer {
  readonly status: number;
  readonly error: string;
  readonly code: "UNAUTHORIZED" | "DENIED" | "TOOMANYREQUESTS" | "UNSUPPORTED" | "UNAVAILABLE";
  /** Fixed ASCII, specific, without `"`, `\` or anything from the request. */
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** Headers of every answer (THREATS §4 "headers, all"); `isTls` adds HSTS. */
export function securityHeaders(isTls: boolean): Readonly<Record<string, string>> {
  if (!isTls) return SECURITY_HEADERS;
  return { ...SECURITY_HEADERS, "Strict-Transport-Security": "max-age=63072000" };
}

/** Writes a whole JSON answer in one go. */
export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  sendText(response, status, JSON.stringify(body), headers);
}

/** Names and values in turn, as Node writes them quickest; worked out once for the headers that every answer has. */
const listFields = keepByObject((headers: Readonly<Record<string, string>>): string[] =>
  Object.entries(headers).flat(),
);
const listJsonFields = keepByObject((headers: Readonly<Record<string, string>>): string[] => [
  ...Object.entries(headers).flat(),
  "Content-Type",
  "application/json",
]);

/** Writes an answer without a body. */
export function sendEmpty(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, listFields(headers));
  response.end();
}

/** As sendJson, of what is JSON already. */
export function sendText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>>,
): void {
  const bytes = Buffer.byteLength(text);
  const fields = [...listJsonFields(headers), "Content-Length", String(bytes)];
  response.writeHead(status, fields);
  // What is ASCII throughout, as tokens are, is written without being encoded: the bytes are the same.
  response.end(text, bytes === text.length ? "latin1" : "utf8");
}

/** The superset body that the Docker CLI, containerd and OAuth clients all render (REGISTRY-FACTS §2.10). */
export function errorBody(answer: ErrorAnswer): unknown {
  return {
    error: answer.error,
    error_description: answer.message,
    errors: [{ code: answer.code, message: answer.message }],
  };
}

/** Sends an error answer with its headers. */
export function sendError(
  response: ServerResponse,
  answer: ErrorAnswer,
  headers: Readonly<Record<string, string>>,
): void {
  sendJson(response, answer.status, errorBody(answer), { ...headers, ...answer.headers });
}
