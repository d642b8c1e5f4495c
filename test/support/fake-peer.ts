// Another token server of a few lines: answers what a test says, and remembers what it was asked.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakePeer {
  /** Its token endpoint. */
  readonly url: string;
  /** `alice repository:a:pull` of each request; `-` for nobody, and for no scope. */
  readonly asked: string[];
  /** Requests as they came. */
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

export type PeerResponder = (
  scope: string | null,
  response: ServerResponse,
  request: IncomingMessage,
) => void;

export async function startFakePeer(respond: PeerResponder): Promise<FakePeer> {
  const asked: string[] = [];
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? "", "http://localhost");
    const basic = request.headers.authorization?.replace("Basic ", "") ?? "";
    const [name = ""] = Buffer.from(basic, "base64").toString().split(":");
    const scope = searchParams.get("scope");
    asked.push(`${name === "" ? "-" : name} ${scope ?? "-"}`);
    requests.push(request);
    respond(scope, response, request);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/auth`,
    asked,
    requests,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A token whose signature is nothing: `["repository:a:pull,push"]` → entries. */
export function fakeToken(scopes: readonly string[]): string {
  const access = scopes.map((scope) => {
    const [type, name, actions = ""] = scope.split(":");
    return { type, name, actions: actions.split(",") };
  });
  return jwtOf({ iss: "peer", access });
}

/** A JWT that says so. */
export function jwtOf(claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
}

/** Answers a token. */
export function sendToken(response: ServerResponse, token: string): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ token }));
}
