// Addresses where clouds keep their machines' secrets: never connected to, whatever a name resolves to (THREATS F14).
import { lookup, type LookupAddress } from "node:dns";
import { BlockList, isIP, type LookupFunction } from "node:net";

const LINK_LOCAL = new BlockList();
LINK_LOCAL.addSubnet("169.254.0.0", 16, "ipv4");
LINK_LOCAL.addSubnet("fe80::", 10, "ipv6");

/** An address as URLs and resolvers write it; brackets, zones and `::ffff:` are seen through. False for names. */
export function isLinkLocal(address: string): boolean {
  const bare = address.replace(/^\[|\]$|%.*$/g, "");
  const version = isIP(bare);
  // NOTE: a BlockList looks through IPv4-mapped addresses by itself.
  return version !== 0 && LINK_LOCAL.check(bare, version === 4 ? "ipv4" : "ipv6");
}

function refuse(): NodeJS.ErrnoException {
  return Object.assign(new Error("the name leads to a link-local address"), { code: "LINKLOCAL" });
}

/** `dns.lookup`, but a name with such an address has none: it fails with the code `LINKLOCAL`. */
export const lookupOutside: LookupFunction = (hostname, options, callback) => {
  lookup(
    hostname,
    { ...options, all: true },
    (error: NodeJS.ErrnoException | null, answer: LookupAddress[] | undefined) => {
      const found = answer ?? [];
      const [first] = found;
      if (error !== null || first === undefined) {
        callback(error ?? refuse(), "", 0);
      } else if (found.some(({ address }) => isLinkLocal(address))) {
        callback(refuse(), "", 0);
      } else if (options.all === true) {
        callback(null, found);
      } else {
        callback(null, first.address, first.family);
      }
    },
  );
};
