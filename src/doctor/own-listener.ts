// Asks our own listener on this machine, and reads which installation it says it works with.
import { noteInstallation } from "../config/installation-note.js";
import { httpGet, type Answer, type NoAnswer } from "./http-get.js";
import type { Site } from "./site.js";

/** A GET to our own listener, at server.port where no other port is named. */
export function askOwn(
  site: Site,
  path: string,
  port = site.loaded.config.server.port,
): Promise<Answer | NoAnswer> {
  const { host, publicUrl } = site.loaded.config.server;
  const isTls = site.tls.ok && site.tls.value !== null;
  const near = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const name = near.includes(":") ? `[${near}]` : near;
  const url = new URL(`${isTls ? "https" : "http"}://${name}:${port}${path}`);
  const headers = { "Dockwarden-Doctor": "1" };
  if (!site.tls.ok || site.tls.value === null) return httpGet(url, { headers });
  const serverName = new URL(publicUrl).hostname;
  return httpGet(url, { headers, trusted: site.tls.value.cert, serverName });
}

/** Against what lies here; `unknown` where one side doesn't know its store. */
export interface Comparison {
  readonly store: "same" | "other" | "unknown";
  readonly settings: "same" | "other";
}

/** Null where the answer doesn't say: no Dockwarden, an older one, or one that is not on this machine. */
export function compareInstallation(site: Site, answer: Answer): Comparison | null {
  const theirs = partsOf(answer.headers["dockwarden-installation"]);
  const ours = partsOf(noteInstallation(site.loaded.config, site.store.identity));
  if (theirs === null || ours === null) return null;
  const isKnown = theirs.store !== "unknown" && ours.store !== "unknown";
  const sameOrOther = (isSame: boolean) => (isSame ? "same" : "other");
  return {
    store: isKnown ? sameOrOther(theirs.store === ours.store) : "unknown",
    settings: sameOrOther(theirs.settings === ours.settings),
  };
}

function partsOf(note: string | readonly string[] | undefined) {
  const found = typeof note === "string" ? /^settings=(\w+); store=(\w+)$/.exec(note) : null;
  return found === null ? null : { settings: found[1] ?? "", store: found[2] ?? "" };
}
