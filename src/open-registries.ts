// How this installation asks its registries: addresses of the configuration, tokens of its own keys.
import { randomBytes } from "node:crypto";
import type { LoadedConfig } from "./config/load-config.js";
import { registryUrlsOf } from "./config/registry-urls.js";
import type { RegistryApi } from "./domain/registry-api.js";
import type { Clock } from "./domain/time.js";
import type { TokenSigner } from "./domain/token.js";
import { openExchange } from "./registry/exchange.js";
import { createOwnTokens } from "./registry/own-tokens.js";
import { RegistryClient } from "./registry/registry-client.js";

export interface OpenedRegistries {
  readonly registry: RegistryApi;
  /** `token.services` whose registry has an address in registry.urls. */
  readonly services: readonly string[];
  /** Closes the connections; every question from then on is a fault. */
  close(): void;
}

/** `server`: somebody's pull waits for the answer. `command`: a person does. */
export const REGISTRY_PATIENCE = { server: 5000, command: 30_000 } as const;

/** Connects to nothing yet. */
export function openRegistries(
  { config }: LoadedConfig,
  { signer, clock }: { readonly signer: TokenSigner; readonly clock: Clock },
  patience: keyof typeof REGISTRY_PATIENCE,
): OpenedRegistries {
  const exchange = openExchange(REGISTRY_PATIENCE[patience]);
  const urls = registryUrlsOf(config);
  const tokens = createOwnTokens({
    signer,
    issuer: config.token.issuer,
    clock,
    randomId: () => randomBytes(16).toString("base64url"),
  });
  return {
    registry: new RegistryClient({ urls, tokens, exchange }),
    services: config.token.services.filter((service) => urls.has(service)),
    close: () => {
      exchange.close();
    },
  };
}
