// Tells `dockwarden doctor` how this server sees a request: it asks with one header and is answered with another.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { BlockList } from "node:net";
import { clientAddress, normalizeAddress } from "./client-address.js";

const ASKING = "dockwarden-doctor";
const ANSWERING = "Dockwarden-Client";

/**
 * Where the request asks (`Dockwarden-Doctor: 1`), sets `Dockwarden-Client: client=192.0.2.7; peer=127.0.0.1:40512;
 * forwarded=yes` on the answer: whom we take for the client, who is at the other end of the connection, and whether
 * X-Forwarded-For came along. It tells a client of itself and of the proxy it came through, of nobody else, and decides
 * nothing. Docs: decisions/0010.
 */
export function noteClient(
  request: IncomingMessage,
  response: ServerResponse,
  trustedProxies: BlockList,
): void {
  if (request.headers[ASKING] === undefined) return;
  const client = clientAddress(request, trustedProxies);
  const peer = normalizeAddress(request.socket.remoteAddress ?? "unknown");
  const isForwarded = request.headers["x-forwarded-for"] !== undefined;
  const note = `client=${client}; peer=${peer}:${request.socket.remotePort ?? 0}; forwarded=${isForwarded ? "yes" : "no"}`;
  response.setHeader(ANSWERING, note);
}
