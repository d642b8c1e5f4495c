// What the server's listeners work on, put together from its open parts.
import { noteInstallation } from "./config/installation-note.js";
import { createRandomIds } from "./crypto/random-ids.js";
import { Secret } from "./domain/secret.js";
import type { GateContext } from "./gate/gate-context.js";
import { securityHeaders } from "./http/answer.js";
import { parseTrustedProxies } from "./http/client-address.js";
import { createEventsEndpoint } from "./http/events-endpoint.js";
import type { HealthSource } from "./http/health.js";
import type { HttpContext } from "./http/server.js";
import type { ServerParts } from "./health-source.js";
import { openCatalog, type OpenedCatalogReader } from "./open-catalog.js";
import type { OpenedRegistries } from "./open-registries.js";
import { systemClock } from "./open-parts.js";
import { createPasswordGuard } from "./password-guard.js";
import { identifyStore } from "./storage/sqlite/file-watch.js";
import { beginTurn } from "./storage/sqlite/poll-turn.js";
import type { Tls } from "./tls-files.js";
import type { UseWriter } from "./use-writer.js";

/** Everything that a running server has open. */
export interface ServingParts extends ServerParts {
  readonly uses: UseWriter;
  /** Null: policy.catalog is admin. */
  readonly catalog: OpenedCatalogReader | null;
  readonly gate: GateContext;
  readonly registries: OpenedRegistries;
}

/** The context of every listener; starts nothing. */
export function createHttpContext(
  parts: ServingParts,
  health: HealthSource,
  tls: Tls,
): HttpContext {
  const { loaded, keys, admin, log, activity, ledger, uses, guesses, catalog, gate } = parts;
  const { server, token, events } = loaded.config;
  const headers = securityHeaders(server.tls.mode !== "off");
  const tokens = {
    accounts: admin.store.accounts,
    hasher: admin.hasher,
    guard: createPasswordGuard(loaded.config, guesses, log),
    passwordMaxAgeDays: admin.settings.passwordMaxAgeDays,
    passwordUse: loaded.config.passwords.use,
    credentials: admin.store.credentials,
    secrets: admin.secrets,
    uses,
    refreshLife: admin.settings.refreshLife,
    policyReader: admin.store.policy,
    policy: admin.settings.policy,
    signer: keys,
    clock: systemClock,
    randomId: createRandomIds(16, "base64url"),
    issuer: token.issuer,
    services: token.services,
    ttlSeconds: token.ttlSeconds,
  };
  const trustedProxies = parseTrustedProxies(server.trustedProxies);
  const edge = { publicUrl: server.publicUrl, trustedProxies, headers, log };
  return {
    token: { tokens, trustedProxies, headers, log, activity, requestId: createRandomIds(8, "hex") },
    catalog: catalog === null ? null : { ...edge, ...openCatalog(gate, admin, catalog) },
    authz: {
      ...edge,
      gate,
      headerFamily: loaded.config.gate.headers,
      activity,
    },
    health,
    pages: {
      health,
      publicUrl: server.publicUrl,
      headers,
      bundlePem: () => keys.bundlePem(),
      jwks: () => keys.jwks(),
    },
    events:
      events.secret === null
        ? null
        : createEventsEndpoint({
            secret: new Secret(events.secret),
            services: token.services,
            ledger,
            headers,
            clock: systemClock,
            log,
          }),
    tls,
    installation: noteInstallation(loaded.config, identifyStore(loaded.config.storage.path)),
    isBehindProxy: server.tls.mode === "proxy",
    arrived: beginTurn,
  };
}
