// Why a registry gave no good answer, in words that say what to do; never a token.
import type { RegistryFault } from "../domain/registry-api.js";
import { err } from "../domain/result.js";

export type Faulty = { readonly ok: false; readonly error: RegistryFault };

/** Of which registry a fault tells. */
export interface Where {
  readonly service: string;
  /** `http://registry:5000` */
  readonly origin: string;
}

export function unknownAddress(service: string): Faulty {
  return err({
    reason: "unknown-address",
    message: `registry.urls names no address for the service ${service}; give the one at which this machine reaches the registry: registry.urls: ["${service}=http://registry:5000"] (DOCKWARDEN_REGISTRY__URLS)`,
  });
}

const SILENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "start the registry, or correct registry.urls",
  ENOTFOUND: "the name has no address from here: correct registry.urls, or the DNS",
  EAI_AGAIN: "the name has no address just now: look at the DNS",
  ETIMEDOUT: "nothing came back in time: a firewall, a wrong address, or a registry under load",
  ECONNRESET: "it ended the connection: look at the registry's log",
  CLOSED: "this server is ending",
  LINKLOCAL: "the name leads to a link-local address, which is never asked: correct registry.urls",
};

/** The other side speaks no TLS, or no HTTP. */
export const isTlsTrouble = (code: string): boolean =>
  code === "EPROTO" || code.startsWith("ERR_SSL") || code.startsWith("HPE_");

/** Its certificate was not accepted. */
export const isDistrust = (code: string): boolean =>
  /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code);

/** Nothing came back, or too much. */
export function silence({ service, origin }: Where, code: string): Faulty {
  const who = `the registry of ${service} at ${origin}`;
  if (code === "TOOLARGE") {
    const message = `${who} answers more than is read of one answer; see whether registry.urls names a registry`;
    return err({ reason: "too-large", message });
  }
  const words = isTlsTrouble(code)
    ? "it speaks another protocol: exchange http:// and https:// in registry.urls"
    : wordsFor(code);
  return err({ reason: "unreachable", message: `${who} doesn't answer (${code}); ${words}` });
}

function wordsFor(code: string): string {
  if (isDistrust(code)) {
    return "its certificate isn't accepted: give it one for this name with its whole chain, or start Dockwarden with NODE_EXTRA_CA_CERTS=ca.pem";
  }
  return SILENCES[code] ?? "look whether the registry runs, and at its log";
}

/** It answered with a status that is no answer to the question. */
export function strangeStatus({ service, origin }: Where, status: number, what: string): Faulty {
  const who = `the registry of ${service} at ${origin}`;
  return err({
    // A registry's own 404 never comes here: it says by a code what is unknown.
    reason: status === 404 ? "foreign" : "refused",
    message: `${who} answered ${status} to ${what}; ${adviseOn(status, origin)}`,
  });
}

function adviseOn(status: number, origin: string): string {
  if (status === 401 || status === 403) {
    return `it doesn't take this server's tokens: dockwarden doctor --registry ${origin} finds out why`;
  }
  if (status === 405) {
    return "it allows no deletes: set storage.delete.enabled: true in its configuration (REGISTRY_STORAGE_DELETE_ENABLED=true) and restart it; a pull-through cache never allows any";
  }
  if (status === 429) return "it asks for fewer requests: try again later";
  if (status >= 300 && status < 400) return "redirects aren't followed: correct registry.urls";
  if (status >= 500) return "look at the registry's log";
  return "see whether registry.urls names the registry itself, without a path and past the gate";
}

/** It answered with something that is no answer of a registry. */
export function strangeAnswer({ service, origin }: Where, what: string): Faulty {
  const message = `the registry of ${service} at ${origin} sent ${what}; see whether registry.urls names a registry`;
  return err({ reason: "refused", message });
}

/** It answered a question for a list with something else, as a web server does that shows one page for everything. */
export function foreignAnswer(where: Where, what: string): Faulty {
  const { message } = strangeAnswer(where, what).error;
  return err({ reason: "foreign", message });
}

/** There is more than this server reads at once. */
export function tooMuch({ service, origin }: Where, what: string): Faulty {
  return err({ reason: "too-large", message: `the registry of ${service} at ${origin} ${what}` });
}
