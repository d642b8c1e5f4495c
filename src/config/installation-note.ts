// Which settings and which store does a process work with? Two digests, by which the doctor tells an outdated server.
import { createHmac } from "node:crypto";
import type { Config } from "./config.js";

/**
 * `settings=<16 hex>; store=<16 hex>`: what a server has read at its start, without anything that can be read from it.
 * Everything that a server works by, but no paths and secrets. `storeIdentity`: device and inode of
 * the store's file; null where it can't be seen, answered with `store=unknown`.
 */
export function noteInstallation(config: Config, storeIdentity: string | null): string {
  const { server, registry, keys, token, policy, passwords, events, gate, audit, log } = config;
  const settings = {
    server: [
      server.host,
      server.port,
      server.internalPort,
      server.publicUrl,
      server.tls.mode,
      server.trustedProxies,
    ],
    registry: [registry.hosts, registry.urls],
    gate: [gate.headers, gate.blobs, events.secret !== null],
    keys: [keys.algorithm, keys.header],
    token: [token.issuer, token.services, token.ttlSeconds],
    policy: [policy.unlisted, policy.personalNamespace, policy.tagEnforcement, policy.catalog],
    passwords: [passwords.maxAgeDays, passwords.use, passwords.queue, passwords.argon2],
    audit: audit.retentionDays,
    log: [log.level, log.format],
  };
  const store = storeIdentity === null ? "unknown" : digest(storeIdentity, "store");
  return `settings=${digest(JSON.stringify(settings), "settings")}; store=${store}`;
}

function digest(text: string, purpose: string): string {
  return createHmac("sha256", purpose).update(text).digest("hex").slice(0, 16);
}
