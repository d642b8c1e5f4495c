// Tells `dockwarden doctor` how this server sees a request: it asks with one header and is answered with another.
import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP, type BlockList } from "node:net";
import { countHeader } from "./raw-headers.js";
import { clientAddress, normalizeAddress } from "./client-address.js";

const ASKING = "dockwarden-doctor";
const ANSWERING = "Dockwarden-Client";
const INSTALLATION = "Dockwarden-Installation";

/**
 * Where the request asks (`Dockwarden-Doctor: 1`), sets `Dockwarden-Client: client=192.0.2.7; peer=127.0.0.1:40512;
 * forwarded=yes; last=192.0.2.7` on the answer: whom we take for the client, who is at the other end of the connection,
 * whether X-Forwarded-For came along, and the address at its end (`-`: none), which the proxy has written itself. It tells
 * a client of itself and of the proxy it came through, of nobody else, and decides nothing. Docs: decisions/0010.
 */
export function noteClient(
  request: IncomingMessage,
  response: ServerResponse,
  trustedProxies: BlockList,
): void {
  if (!isAsking(request)) return;
  const client = clientAddress(request, trustedProxies);
  const peer = normalizeAddress(request.socket.remoteAddress ?? "unknown");
  const header = request.headers["x-forwarded-for"];
  const end = normalizeAddress(header?.toString().split(",").at(-1)?.trim() ?? "");
  const note = `client=${client}; peer=${peer}:${request.socket.remotePort ?? 0}; forwarded=${header === undefined ? "no" : "yes"}; last=${isIP(end) === 0 ? "-" : end}`;
  response.setHeader(ANSWERING, note);
}

/** Of every request: Node makes its object of headers only for who looks at it. */
const isAsking = (request: IncomingMessage): boolean => countHeader(request, ASKING) > 0;

/**
 * Where the request asks, and comes from this machine without a proxy's header, sets `Dockwarden-Installation`: digests of
 * the settings and the store that this server works with. Others are told nothing, since digests can be compared.
 */
export function noteInstallation(
  request: IncomingMessage,
  response: ServerResponse,
  note: string | null,
): void {
  if (note === null || !isAsking(request)) return;
  const { headers, socket } = request;
  const isForwarded = headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined;
  const isNear = socket.remoteAddress !== undefined && socket.remoteAddress === socket.localAddress;
  if (isNear && !isForwarded) response.setHeader(INSTALLATION, note);
}
