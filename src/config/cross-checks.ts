// Checks that need more than one key: combinations that would be unsafe, and settings this version can't keep.
import type { Config } from "./load-config.js";

interface CrossFault {
  readonly key: string;
  readonly message: string;
}

/** Settings that later versions bring; accepting them in silence would promise what is not kept. */
function findNotYet(config: Config): CrossFault[] {
  const later = (key: string, isUsed: boolean, instead: string): CrossFault[] =>
    isUsed ? [{ key, message: `comes with a later version; ${instead}` }] : [];
  return [
    ...later("policy.tagEnforcement", config.policy.tagEnforcement === "gate", "use off"),
    ...later("policy.catalog", config.policy.catalog === "filtered", "use admin"),
    ...later("policy.file", config.policy.file !== null, "leave it unset"),
    ...later("passwords.use", config.passwords.use === "tokens-only", "use on"),
    ...later("events.secret", config.events.secret !== null, "leave it unset"),
  ];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** Combinations that are refused (THREATS K02, K03). */
export function findCrossFaults(config: Config): readonly CrossFault[] {
  const faults = findNotYet(config);
  const { server, refresh } = config;
  if (server.tls.mode === "off" && !isLoopback(server.host)) {
    const message =
      "off sends passwords in the clear on an address others can reach; set proxy (and server.trustedProxies), or files, or listen on 127.0.0.1";
    faults.push({ key: "server.tls.mode", message });
  }
  if (server.tls.mode === "files") {
    if (server.tls.cert === null)
      faults.push({ key: "server.tls.cert", message: "must name a PEM file in mode files" });
    if (server.tls.key === null)
      faults.push({ key: "server.tls.key", message: "must name a PEM file in mode files" });
  }
  if (refresh.idleDays > refresh.absoluteDays) {
    faults.push({ key: "refresh.idleDays", message: "must not be more than refresh.absoluteDays" });
  }
  if (config.events.secret !== null && config.events.secret.trim() === "") {
    faults.push({ key: "events.secret", message: "must not be blank" });
  }
  return faults;
}

/** What works but deserves a second look. */
export function findWarnings(config: Config): readonly string[] {
  const warnings: string[] = [];
  if (config.token.ttlSeconds > 900) {
    warnings.push(
      `token.ttlSeconds is ${config.token.ttlSeconds}: a revoked right works on for so long; 300 is usual`,
    );
  }
  if (config.keys.modeCheck === "warn") {
    warnings.push("keys.modeCheck is warn: private keys that others can read are not refused");
  }
  return warnings;
}
