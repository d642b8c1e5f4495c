// One request to a registry and its answer: connections kept open, limits in time and size, no redirect and no proxy.
import type { Agent, IncomingHttpHeaders } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { rootCertificates } from "node:tls";
import { isLinkLocal, lookupOutside } from "./link-local.js";

// NOTE an ES import of it costs memory and time, see eslint.config.js.
const { Agent: HttpAgent, request: requestHttp } = process.getBuiltinModule("node:http");

export interface Asked {
  readonly method: "GET" | "HEAD" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** More than that ends the request with the code `TOOLARGE`. */
  readonly maxBytes: number;
}

export type Exchanged =
  | {
      readonly ok: true;
      readonly status: number;
      readonly headers: IncomingHttpHeaders;
      readonly body: Buffer;
    }
  /** `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, `LINKLOCAL`, `TOOLARGE`, `CLOSED`, … */
  | { readonly ok: false; readonly code: string };

export interface Exchange {
  /** Whatever came back, or why nothing did; never throws. */
  ask(asked: Asked): Promise<Exchanged>;
  /** Closes the connections; nothing is asked from then on (`CLOSED`). */
  close(): void;
}

const CONNECT_MILLISECONDS = 3000;
const SOCKETS_MAX = 8;

/** `totalMilliseconds`: how long one request may take in all. `trusted`: PEM, accepted besides the usual authorities. */
export function openExchange(totalMilliseconds: number, trusted: string | null = null): Exchange {
  // NOTE: agents of our own never look at proxy variables.
  const options = { keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: "lifo" } as const;
  const http = new HttpAgent(options);
  // NOTE the certificate itself may be given: it need not be an authority.
  const own =
    trusted === null ? {} : { ca: [...rootCertificates, trusted], allowPartialTrustChain: true };
  const https = new HttpsAgent({ ...options, ...own });
  let isClosed = false;
  const hasClosed = (): boolean => isClosed;
  return {
    ask: async (asked) => {
      if (isClosed) return { ok: false, code: "CLOSED" };
      if (isLinkLocal(asked.url.hostname)) return { ok: false, code: "LINKLOCAL" };
      const first = await send(asked, http, https, totalMilliseconds);
      // A kept connection may have been closed by the other side just when it was used again.
      const isStale = !first.ok && ["ECONNRESET", "EPIPE"].includes(first.code);
      return isStale && !hasClosed() ? send(asked, http, https, totalMilliseconds) : first;
    },
    close: () => {
      isClosed = true;
      http.destroy();
      https.destroy();
    },
  };
}

function send(
  { method, url, headers, maxBytes }: Asked,
  http: Agent,
  https: HttpsAgent,
  totalMilliseconds: number,
): Promise<Exchanged> {
  const isTls = url.protocol === "https:";
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(totalMilliseconds);
    let reason: string | null = null;
    const request = (isTls ? requestHttps : requestHttp)(
      url,
      { method, headers, agent: isTls ? https : http, lookup: lookupOutside, signal },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size <= maxBytes) return;
          reason = "TOOLARGE";
          request.destroy();
          resolve({ ok: false, code: reason });
        });
        response.on("end", () => {
          const { statusCode: status = 0 } = response;
          resolve({ ok: true, status, headers: response.headers, body: Buffer.concat(chunks) });
        });
        response.on("error", (error) => {
          resolve({ ok: false, code: reason ?? codeOf(error, signal) });
        });
      },
    );
    request.on("socket", (socket: Socket) => {
      if (!socket.connecting) return;
      const timer = setTimeout(() => {
        reason = "ETIMEDOUT";
        request.destroy();
      }, CONNECT_MILLISECONDS);
      const done = (): void => {
        clearTimeout(timer);
      };
      socket.once(isTls ? "secureConnect" : "connect", done);
      socket.once("close", done);
    });
    request.on("error", (error) => {
      resolve({ ok: false, code: reason ?? codeOf(error, signal) });
    });
    request.end();
  });
}

function codeOf(error: NodeJS.ErrnoException, signal: AbortSignal): string {
  if (signal.aborted) return "ETIMEDOUT";
  // Several addresses of one name were tried.
  const [first] = "errors" in error ? (error.errors as readonly NodeJS.ErrnoException[]) : [];
  return first?.code ?? error.code ?? "unknown";
}
