// Checks that need more than one key: combinations that would be unsafe, or that contradict each other.
import { BlockList, isIP } from "node:net";
import { dirname, join, relative, sep } from "node:path";
import type { Config } from "./config.js";
import { findUrlFaults, registryUrlsOf } from "./registry-urls.js";

export interface CrossFault {
  /** The key to change. */
  readonly key: string;
  /** The keys the check has looked at; where one is wrong by itself, the check says nothing. */
  readonly uses: readonly string[];
  readonly message: string;
  /** What mends it; without one the key's default does. */
  readonly remedy?: CrossRemedy;
}

export type CrossRemedy =
  { readonly key: string; readonly value: string | number } | { readonly advice: string };

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

/** Whether only this machine can reach the host; names other than localhost may lead anywhere. */
function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === "localhost";
  return LOOPBACK.check(host, version === 6 ? "ipv6" : "ipv4");
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || !(way === ".." || way.startsWith(`..${sep}`));
}

function findServerFaults({ server }: Config): CrossFault[] {
  const faults: CrossFault[] = [];
  const { tls } = server;
  if (tls.mode === "off" && !isLoopback(server.host)) {
    const message =
      "off would send passwords in the clear on an address that others can reach; set files, or proxy (a proxy does TLS), or server.host to 127.0.0.1";
    const remedy = { key: "server.host", value: "127.0.0.1" };
    faults.push({
      key: "server.tls.mode",
      uses: ["server.tls.mode", "server.host"],
      message,
      remedy,
    });
  }
  if (tls.mode !== "files") return faults;
  const message = "must name a PEM file when server.tls.mode is files";
  for (const name of ["cert", "key"] as const) {
    if (tls[name] !== null) continue;
    const key = `server.tls.${name}`;
    const remedy = {
      advice: `set ${key} to the PEM file of the ${name === "cert" ? "certificate" : "private key"}`,
    };
    faults.push({ key, uses: ["server.tls.mode", key], message, remedy });
  }
  return faults;
}

/** Registries are given the trust folder; nothing private may lie in it (DESIGN §3). */
function findFolderFaults({ keys, storage }: Config): CrossFault[] {
  const faults: CrossFault[] = [];
  const message = "must not lie in keys.trustDirectory: registries are given that folder";
  const trust = "keys.trustDirectory";
  const beside = ["trust", "registry-trust"]
    .map((name) => join(dirname(keys.directory), name))
    .find((folder) => !isInside(keys.directory, folder) && !isInside(storage.path, folder));
  const remedy =
    beside === undefined
      ? { advice: `set ${trust} to a folder of its own` }
      : { key: trust, value: beside };
  if (isInside(keys.directory, keys.trustDirectory))
    faults.push({ key: "keys.directory", uses: ["keys.directory", trust], message, remedy });
  if (isInside(storage.path, keys.trustDirectory))
    faults.push({ key: "storage.path", uses: ["storage.path", trust], message, remedy });
  return faults;
}

/** The first key must not be more than the second. */
const ORDERED: readonly (readonly [
  string,
  string,
  (config: Config) => readonly [number, number],
])[] = [
  [
    "refresh.idleDays",
    "refresh.absoluteDays",
    ({ refresh }) => [refresh.idleDays, refresh.absoluteDays],
  ],
  [
    "throttle.lockSeconds",
    "throttle.lockMaxSeconds",
    ({ throttle }) => [throttle.lockSeconds, throttle.lockMaxSeconds],
  ],
  [
    "throttle.accountFailures",
    "throttle.accountFailuresMax",
    ({ throttle }) => [throttle.accountFailures, throttle.accountFailuresMax],
  ],
];

function findOrderFaults(config: Config): readonly CrossFault[] {
  return ORDERED.flatMap(([key, limit, valuesOf]) => {
    const [value, most] = valuesOf(config);
    if (value <= most) return [];
    const message = `must not be more than ${limit}`;
    return [{ key, uses: [key, limit], message, remedy: { key, value: most } }];
  });
}

/** Combinations that are refused (THREATS K03; DESIGN §3). */
export function findCrossFaults(config: Config): readonly CrossFault[] {
  return [
    ...findServerFaults(config),
    ...findFolderFaults(config),
    ...findOrderFaults(config),
    ...findUrlFaults(config),
  ];
}

/** What the gate and the catalogue can't do without knowing what the registry holds. */
function findBlindness(config: Config): readonly (readonly [boolean, string])[] {
  const { policy, events, token } = config;
  const urls = registryUrlsOf(config);
  const unreached = token.services.filter((service) => !urls.has(service));
  const isBlind = events.secret === null && urls.size === 0;
  const isGate = policy.tagEnforcement === "gate";
  return [
    [
      isGate && isBlind,
      "policy.tagEnforcement is gate, but neither events.secret nor registry.urls is set: which tags reach a digest stays unknown, so pulls by digest are refused where images with tags are registered; set both (docs/gate.md)",
    ],
    [
      isGate && !isBlind && unreached.length > 0,
      `registry.urls names no address for ${unreached.join(", ")}: immutable tags can't be checked there, and digests that no notification has named stay refused; add the registry's address`,
    ],
    [
      policy.catalog === "filtered" && isBlind,
      "policy.catalog is filtered, but neither events.secret nor registry.urls is set: nothing says what the registry holds, so the catalogue stays empty; set both (docs/catalog.md)",
    ],
  ];
}

/** What works but deserves a second look. */
export function findWarnings(config: Config, isSet: (key: string) => boolean): readonly string[] {
  const { server, token, keys } = config;
  const isPlain = server.publicUrl.startsWith("http:");
  const publicHost = new URL(server.publicUrl).hostname.replace(/^\[|\]$/g, "");
  const checks: readonly (readonly [boolean, string])[] = [
    [
      token.ttlSeconds > 900,
      `token.ttlSeconds is ${token.ttlSeconds}: a revoked right works on for so long; 300 is usual`,
    ],
    [
      keys.modeCheck === "warn",
      "keys.modeCheck is warn: private keys that others can read are not refused",
    ],
    [
      server.tls.mode === "proxy" && server.trustedProxies.length === 0,
      "server.trustedProxies is empty: every client seems to come from the proxy's address",
    ],
    [
      server.tls.mode === "proxy" && !isSet("server.publicUrl"),
      "server.publicUrl is unset: clients are sent to this machine's localhost instead of the proxy",
    ],
    [
      isPlain && !isLoopback(publicHost),
      "server.publicUrl is http: passwords and tokens cross the network in the clear",
    ],
    [
      server.tls.mode !== "files" && (isSet("server.tls.cert") || isSet("server.tls.key")),
      "server.tls.cert and server.tls.key are used in server.tls.mode files only",
    ],
    ...findBlindness(config),
  ];
  return checks.filter(([isWorthIt]) => isWorthIt).map(([, words]) => words);
}
