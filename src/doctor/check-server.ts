// The place where we listen: free before the start, answered by ourselves afterwards.
import { createServer } from "node:net";
import { noteInstallation } from "../config/installation-note.js";
import type { HealthReport } from "./health-report.js";
import { readHealth } from "./health-report.js";
import { fault, splitAdvice, warning, type Finding } from "./finding.js";
import { httpGet, type Answer, type NoAnswer } from "./http-get.js";
import { command, commandOf, RESTART_SERVER, setting, type Site } from "./site.js";

/** Before the start: can we listen there? Binds for a moment, takes no connection. */
export async function checkPort(site: Site): Promise<readonly Finding[]> {
  const { host, port, internalPort } = site.loaded.config.server;
  const ports = [
    { key: "server.port", port },
    ...(internalPort === null || internalPort === port
      ? []
      : [{ key: "server.internalPort", port: internalPort }]),
  ];
  const findings = ports
    .filter((one) => one.port !== 0)
    .map((one) => checkOne(site, { host, key: one.key, port: one.port }));
  return (await Promise.all(findings)).flat();
}

interface Place {
  readonly host: string;
  readonly key: string;
  readonly port: number;
}

async function checkOne(site: Site, { host, key, port }: Place): Promise<readonly Finding[]> {
  const tried = await tryPort(host, port);
  if (tried.code === null) return [];
  const where = `${host}:${port}`;
  if (tried.code === "EADDRINUSE") {
    const bundle = key === "server.port" ? await ask(site, "/.well-known/token-ca.pem") : null;
    if (bundle?.ok === true && bundle.body === site.keys.ring?.bundlePem) {
      const words = "stop it first, or leave out --before-start";
      return [
        fault("port.running", `this Dockwarden answers on ${where} already`, { kind: "do", words }),
      ];
    }
    const free = await tryPort(host, 0);
    const what = `another program listens on ${where}`;
    return [fault("port.taken", what, setting(site, key, free.port))];
  }
  if (tried.code === "EACCES") {
    const free = await tryPort(host, 0);
    const what = `${where} can't be listened on by this user (ports below 1024 are for root)`;
    return [fault("port.unusable", what, setting(site, key, free.port))];
  }
  const what = `${host} is no address of this machine (${tried.code})`;
  return [fault("port.unusable", what, setting(site, "server.host", "127.0.0.1"))];
}

/** `code` null: free. `port`: the one that was bound, useful with 0. */
function tryPort(host: string, port: number): Promise<{ code: string | null; port: number }> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      resolve({ code: error.code ?? "unknown", port });
    });
    server.listen(port, host, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => {
        resolve({ code: null, port: bound });
      });
    });
  });
}

/** A GET to our own listener on this machine. */
function ask(site: Site, path: string, isInternal = false): Promise<Answer | NoAnswer> {
  const { host, port, internalPort, publicUrl } = site.loaded.config.server;
  const isTls = site.tls.ok && site.tls.value !== null;
  const near = host === "0.0.0.0" || host === "::" ? "localhost" : host;
  const name = near.includes(":") ? `[${near}]` : near;
  const at = isInternal ? (internalPort ?? port) : port;
  const url = new URL(`${isTls ? "https" : "http"}://${name}:${at}${path}`);
  const headers = { "Dockwarden-Doctor": "1" };
  if (!site.tls.ok || site.tls.value === null) return httpGet(url, { headers });
  const serverName = new URL(publicUrl).hostname;
  return httpGet(url, { headers, trusted: site.tls.value.cert, serverName });
}

export interface ServerCheck {
  readonly findings: readonly Finding[];
  /** Whether to ask further. */
  readonly isAnswering: boolean;
  /** It works with these keys, settings and store, as far as it says. */
  readonly isCurrent: boolean;
}

/** After the start: do we answer, with these keys, settings and store, and are we well? */
export async function checkServer(site: Site): Promise<ServerCheck> {
  const { host, port } = site.loaded.config.server;
  const where = `${host}:${port}`;
  const bundle = await ask(site, "/.well-known/token-ca.pem");
  const gone = (finding: Finding) => ({
    findings: [finding],
    isAnswering: false,
    isCurrent: false,
  });
  if (!bundle.ok) {
    const what = `no Dockwarden answers on ${where} (${bundle.code})`;
    return gone(fault("server.down", what, command(site, "serve")));
  }
  if (bundle.status !== 200 || !bundle.body.includes("BEGIN CERTIFICATE")) {
    const words = "stop it, or give this Dockwarden another server.port";
    return gone(
      fault("server.foreign", `what answers on ${where} is no Dockwarden`, { kind: "do", words }),
    );
  }
  const outdated = explainOutdated(site, where, bundle);
  if (outdated !== null) return { findings: [outdated], isAnswering: true, isCurrent: false };
  const health = readHealth(await ask(site, "/health/ready", true));
  return { findings: explainHealth(site, health), isAnswering: true, isCurrent: true };
}

/** A server reads its configuration once, at its start. */
function explainOutdated(site: Site, where: string, answer: Answer): Finding | null {
  const { config } = site.loaded;
  if (site.keys.ring !== null && answer.body !== site.keys.ring.bundlePem) {
    const what = `the server on ${where} publishes other certificates than the keys in ${config.keys.directory} have`;
    return fault("server.outdated", what, RESTART_SERVER);
  }
  const theirs = partsOf(answer.headers["dockwarden-installation"]);
  const ours = partsOf(noteInstallation(config, site.store.identity));
  if (theirs === null || ours === null) return null;
  if (isOther(theirs.store, ours.store)) {
    const what = `the server on ${where} works with another store than ${config.storage.path}: what commands change here, it doesn't see`;
    return fault("server.outdated", what, RESTART_SERVER);
  }
  if (!isOther(theirs.settings, ours.settings)) return null;
  const what = `the server on ${where} works with other settings than ${site.loaded.file ?? "these"}: they were changed after it was started, or it was given other variables`;
  return fault("server.outdated", what, RESTART_SERVER);
}

const isOther = (theirs: string, ours: string): boolean =>
  theirs !== ours && theirs !== "unknown" && ours !== "unknown";

/** Null where nothing is said: an older server, or one that is not on this machine. */
function partsOf(note: string | readonly string[] | undefined) {
  const found = typeof note === "string" ? /^settings=(\w+); store=(\w+)$/.exec(note) : null;
  return found === null ? null : { settings: found[1] ?? "", store: found[2] ?? "" };
}

function explainHealth(site: Site, health: HealthReport | null): readonly Finding[] {
  return (health?.reasons ?? []).map((reason) => {
    const { what, mend } = splitAdvice(reason, commandOf(site.loaded, true));
    return (health?.status === "unavailable" ? fault : warning)("server.unwell", what, mend);
  });
}
