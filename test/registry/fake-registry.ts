// A registry of a few lines: answers what a test says, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { openExchange } from "../../src/registry/exchange.js";
import { createOwnTokens } from "../../src/registry/own-tokens.js";
import { RegistryClient } from "../../src/registry/registry-client.js";
import type { TokenClaims } from "../../src/domain/token.js";

export interface FakeRegistry {
  readonly origin: string;
  readonly client: RegistryClient;
  /** `GET /v2/…` of each request. */
  readonly asked: string[];
  /** What the tokens said, in the order of their signing. */
  readonly claims: TokenClaims[];
  /** Addresses that connections came from, one a connection. */
  readonly connections: { count: number };
  close(): Promise<void>;
}

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;

/** `time.now` may be moved by the test. */
export async function startFakeRegistry(
  respond: Respond,
  options: { readonly milliseconds?: number; readonly time?: { now: number } } = {},
): Promise<FakeRegistry> {
  const asked: string[] = [];
  const claims: TokenClaims[] = [];
  const connections = { count: 0 };
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ""} ${request.url ?? ""}`);
    respond(request, response);
  });
  server.on("connection", () => {
    connections.count += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const time = options.time ?? { now: 1_800_000_000 };
  const tokens = createOwnTokens({
    signer: {
      sign: async (claim) => {
        claims.push(claim);
        return `token-${claims.length}`;
      },
    },
    issuer: "dockwarden",
    clock: { now: () => time.now },
    randomId: () => "id",
  });
  const exchange = openExchange(options.milliseconds ?? 5000);
  return {
    origin,
    client: new RegistryClient({ urls: new Map([["registry", origin]]), tokens, exchange }),
    asked,
    claims,
    connections,
    close: async () => {
      exchange.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Answers JSON. */
export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

/** A registry's refusal. */
export function sendError(response: ServerResponse, status: number, code: string): void {
  sendJson(response, status, { errors: [{ code, message: "no" }] });
}
