// Plain HTTP servers in the place of Dockwarden and of a registry: they write down what comes and answer what they are told.
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import type { Workspace } from "./workspace.js";

export interface StandInRequest {
  readonly method: string;
  /** As it came: nothing decoded. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  /** Names and values as they came, doubled ones too. */
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export interface StandInAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface StandIn {
  readonly port: number;
  /** `127.0.0.1:PORT`. */
  readonly address: string;
  /** What came since the last call. */
  take(): readonly StandInRequest[];
  /** How every further request is answered; null: the connection is cut. */
  answer(how: (request: StandInRequest) => StandInAnswer | null): void;
  stop(): Promise<void>;
}

/** Starts one on a free port; it answers 200 with nothing until it is told more. `workspace.close()` stops it. */
export async function startStandIn(workspace: Workspace): Promise<StandIn> {
  const requests: StandInRequest[] = [];
  let how: (request: StandInRequest) => StandInAnswer | null = () => ({ status: 200 });
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("error", () => undefined); // a client that goes away has nothing more to say
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const request: StandInRequest = {
        method: incoming.method ?? "",
        target: incoming.url ?? "",
        headers: incoming.headers,
        rawHeaders: incoming.rawHeaders,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      requests.push(request);
      const answer = how(request);
      if (answer === null) {
        response.destroy();
        return;
      }
      const body = answer.body ?? "";
      // With its length, as the real ones answer, so that nothing on the way needs chunks.
      const length = answer.status === 204 ? {} : { "Content-Length": Buffer.byteLength(body) };
      response.writeHead(answer.status, { ...length, ...answer.headers }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  workspace.onClose(stop);
  return {
    port,
    address: `127.0.0.1:${port}`,
    take: () => requests.splice(0),
    answer: (next) => {
      how = next;
    },
    stop,
  };
}
