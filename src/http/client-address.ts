// Whose request is it? The socket's peer, or what trusted proxies say, walked from the right (THREATS B16–B18).
import type { IncomingMessage } from "node:http";
import { BlockList, isIP } from "node:net";
import { keepValues } from "../domain/kept-values.js";

/** `::ffff:192.0.2.1` → `192.0.2.1`; everything else as it is. */
export function normalizeAddress(address: string): string {
  if (!address.startsWith(":")) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

/** Addresses and CIDRs as `server.trustedProxies` has them; they were checked by the configuration. */
export function parseTrustedProxies(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = "", prefix] = entry.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

function isTrusted(address: string, proxies: BlockList): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  return proxies.check(address, version === 6 ? "ipv6" : "ipv4");
}

/** The right-most address that is not a trusted proxy; forwarded headers of untrusted peers are ignored. */
export function clientAddress(request: IncomingMessage, proxies: BlockList): string {
  let address = normalizeAddress(request.socket.remoteAddress ?? "unknown");
  const header = request.headers["x-forwarded-for"];
  if (header === undefined || !isTrusted(address, proxies)) return address;
  const hops = (Array.isArray(header) ? header.join(",") : header).split(",").reverse();
  for (const hop of hops) {
    const candidate = normalizeAddress(hop.trim());
    if (isIP(candidate) === 0) return address;
    address = candidate;
    if (!isTrusted(address, proxies)) return address;
  }
  return address;
}

/** What counts as one source: an IPv4 address, or the /64 of an IPv6 one. */
export const sourceOf = keepValues((address): string => {
  if (isIP(address) !== 6) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...new Array<string>(gap).fill("0"), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
});
