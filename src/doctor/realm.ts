// The realm: where a registry sends clients for a token. Only our own public address leads to us.
import type { Config } from "../config/config.js";

const PATHS: readonly string[] = ["/token", "/auth/token", "/auth/token/"];

/** What `auth.token.realm` should be. */
export function realmOf(config: Config): string {
  return `${config.server.publicUrl}/token`;
}

/** What is wrong with a realm, in words behind its name; null: it leads to server.publicUrl. */
export function explainRealm(realm: string | null, config: Config): string | null {
  const { publicUrl } = config.server;
  if (realm === null) return `is missing; ours is ${realmOf(config)}`;
  const shown = JSON.stringify(realm);
  if (!URL.canParse(realm)) return `is ${shown}, which is no URL; ours is ${realmOf(config)}`;
  const url = new URL(realm);
  if (url.origin !== publicUrl) {
    return `is ${shown}: it leads to ${url.origin}, not to server.publicUrl (${publicUrl})`;
  }
  if (PATHS.includes(url.pathname)) return null;
  return `is ${shown}: nothing is at ${url.pathname}; tokens are at ${realmOf(config)}`;
}
