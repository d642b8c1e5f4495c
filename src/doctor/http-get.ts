// One GET to one address: no redirects, no proxy, no cookies, a limit in time and size. The doctor's only way out.
import type { IncomingHttpHeaders } from "node:http";
import { request as requestHttps, type RequestOptions } from "node:https";

// NOTE an ES import of it costs memory and time, see eslint.config.js.
const { request: requestHttp } = process.getBuiltinModule("node:http");

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** PEM: accepted besides the usual authorities (our own certificate). */
  readonly trusted?: string;
  /** The name that the certificate must have, where it isn't the URL's host. */
  readonly serverName?: string;
}

export interface Answer {
  readonly ok: true;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** At most 256 KiB. */
  readonly body: string;
  /** The port that the request was sent from. */
  readonly localPort: number;
  /** The other side's clock minus ours in seconds, as exact as its Date header; null without one. */
  readonly skewSeconds: number | null;
}

export interface NoAnswer {
  readonly ok: false;
  /** `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, `DEPTH_ZERO_SELF_SIGNED_CERT`, … */
  readonly code: string;
}

const TIME_LIMIT_MILLISECONDS = 5000;
const BODY_MAX_BYTES = 262_144;

/** Answers whatever came back, or why nothing did; never throws, never follows a redirect. */
export function httpGet(url: URL, options: GetOptions = {}): Promise<Answer | NoAnswer> {
  const startedAt = Date.now();
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(TIME_LIMIT_MILLISECONDS);
    const request = (url.protocol === "https:" ? requestHttps : requestHttp)(
      url,
      { agent: false, signal, headers: { ...options.headers }, ...tlsOptions(options) },
      (response) => {
        const localPort = response.socket.localPort ?? 0;
        const chunks: Buffer[] = [];
        let size = 0;
        const finish = (): void => {
          resolve({
            ok: true,
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).subarray(0, BODY_MAX_BYTES).toString("utf8"),
            localPort,
            skewSeconds: skewOf(response.headers.date, (startedAt + Date.now()) / 2),
          });
          request.destroy();
        };
        response.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > BODY_MAX_BYTES) finish();
        });
        response.on("end", finish);
        response.on("error", finish);
      },
    );
    request.on("error", (error: NodeJS.ErrnoException) => {
      resolve({ ok: false, code: signal.aborted ? "ETIMEDOUT" : codeOf(error) });
    });
    request.end();
  });
}

function tlsOptions({ trusted, serverName }: GetOptions): RequestOptions {
  // NOTE the certificate itself may be trusted: it need not be an authority.
  const own = trusted === undefined ? {} : { ca: trusted, allowPartialTrustChain: true };
  return { ...own, ...(serverName === undefined ? {} : { servername: serverName }) };
}

function codeOf(error: NodeJS.ErrnoException): string {
  // Several addresses of one name were tried.
  const [first] = "errors" in error ? (error.errors as readonly NodeJS.ErrnoException[]) : [];
  return first?.code ?? error.code ?? "unknown";
}

function skewOf(date: string | undefined, now: number): number | null {
  const time = Date.parse(date ?? "");
  // The header has whole seconds: half of one is missing on average.
  return Number.isNaN(time) ? null : Math.round((time + 500 - now) / 1000);
}
