// The section auth.token of a registry's configuration as it should be.
import type { Config } from "../config/config.js";
import { realmOf } from "./realm.js";

/** Keys and values, in the order in which the documentation has them. */
export function tokenSection(config: Config): readonly (readonly [key: string, value: string])[] {
  return [
    ["auth.token.realm", realmOf(config)],
    ["auth.token.service", config.token.services[0] ?? ""],
    ["auth.token.issuer", config.token.issuer],
    ["auth.token.rootcertbundle", `${config.keys.trustDirectory}/token-ca.pem`],
  ];
}
