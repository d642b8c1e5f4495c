// The place where we listen: answered by ourselves, with these keys, settings and store, and are we well?
import type { HealthReport } from "./health-report.js";
import { readHealth } from "./health-report.js";
import { fault, splitAdvice, warning, type Finding } from "./finding.js";
import type { Answer } from "./http-get.js";
import { askOwn, compareInstallation } from "./own-listener.js";
import { command, commandOf, RESTART_SERVER, type Site } from "./site.js";

export interface ServerCheck {
  readonly findings: readonly Finding[];
  /** Whether to ask further. */
  readonly isAnswering: boolean;
  /** It works with these keys, settings and store, as far as it says. */
  readonly isCurrent: boolean;
}

/** After the start: do we answer, with these keys, settings and store, and are we well? */
export async function checkServer(site: Site): Promise<ServerCheck> {
  const { host, port, internalPort } = site.loaded.config.server;
  const where = `${host}:${port}`;
  const bundle = await askOwn(site, "/.well-known/token-ca.pem");
  const gone = (...findings: readonly Finding[]) => ({
    findings,
    isAnswering: false,
    isCurrent: false,
  });
  if (!bundle.ok) {
    // The system has chosen its port: nobody here knows which.
    if (site.store.isServed && port === 0) return gone();
    return gone(explainSilence(site, where, bundle.code));
  }
  if (bundle.status !== 200 || !bundle.body.includes("BEGIN CERTIFICATE")) {
    const words = "stop it, or give this Dockwarden another server.port";
    const what = `what answers on ${where} is no Dockwarden`;
    return gone(fault("server.foreign", what, { kind: "do", words }, RESTART_SERVER));
  }
  const outdated = explainOutdated(site, where, bundle);
  if (outdated !== null) return { findings: [outdated], isAnswering: true, isCurrent: false };
  const health = readHealth(await askOwn(site, "/health/ready", internalPort ?? port));
  return { findings: explainHealth(site, health), isAnswering: true, isCurrent: true };
}

/** A server reads its configuration once, at its start. */
function explainOutdated(site: Site, where: string, answer: Answer): Finding | null {
  const { config } = site.loaded;
  if (site.keys.ring !== null && answer.body !== site.keys.ring.bundlePem) {
    const what = `the server on ${where} publishes other certificates than the keys in ${config.keys.directory} have`;
    return fault("server.outdated", what, RESTART_SERVER);
  }
  const compared = compareInstallation(site, answer);
  if (compared?.store === "other") {
    const what = `the server on ${where} works with another store than ${config.storage.path}: what commands change here, it doesn't see`;
    return fault("server.outdated", what, RESTART_SERVER);
  }
  if (compared?.settings !== "other") return null;
  const what = `the server on ${where} works with other settings than ${site.loaded.file ?? "these"}: they were changed after it was started, or it was given other variables`;
  return fault("server.outdated", what, RESTART_SERVER);
}

/** A server that listens elsewhere is not down: a second one on its store would hide that registries still ask the first. */
function explainSilence(site: Site, where: string, code: string): Finding {
  if (!site.store.isServed) {
    const what = `no Dockwarden answers on ${where} (${code})`;
    return fault("server.down", what, command(site, "serve"));
  }
  const { path } = site.loaded.config.storage;
  const what = `a server works with the store at ${path}, but doesn't answer on ${where} (${code}): it was started with another server.host, server.port or server.tls`;
  return fault("server.outdated", what, RESTART_SERVER);
}

function explainHealth(site: Site, health: HealthReport | null): readonly Finding[] {
  return (health?.reasons ?? []).map((reason) => {
    const { what, mend } = splitAdvice(reason, commandOf(site.loaded, true));
    return (health?.status === "unavailable" ? fault : warning)("server.unwell", what, mend);
  });
}
