// Before the start: is the place where we are to listen free, and does no server of ours run yet?
import { createServer } from "node:net";
import { fault, type Finding, type Mend } from "./finding.js";
import { askOwn, compareInstallation } from "./own-listener.js";
import { registrySetting, setting, type Site } from "./site.js";

const STOP_FIRST: Mend = { kind: "do", words: "stop it first, or leave out --before-start" };

/** Binds for a moment, takes no connection. */
export async function checkPort(site: Site): Promise<readonly Finding[]> {
  const { host, port, internalPort } = site.loaded.config.server;
  const ports = [
    { host, key: "server.port", port, path: "/.well-known/token-ca.pem" },
    ...(internalPort === null || internalPort === port
      ? []
      : [{ host, key: "server.internalPort", port: internalPort, path: "/health/live" }]),
  ];
  const found = await Promise.all(
    ports.filter((one) => one.port !== 0).map((one) => checkOne(site, one)),
  );
  const findings = found.flat();
  if (!site.store.isServed || findings.some(({ id }) => id === "port.running")) return findings;
  const { path } = site.loaded.config.storage;
  const what = `a server works with the store at ${path} already, on another address than ${host}:${port}`;
  return [fault("port.running", what, STOP_FIRST), ...findings];
}

interface Place {
  readonly host: string;
  readonly key: string;
  readonly port: number;
  /** What a server of ours answers there. */
  readonly path: string;
}

async function checkOne(site: Site, place: Place): Promise<readonly Finding[]> {
  const { host, port } = place;
  const tried = await tryPort(host, port);
  if (tried.code === null) return [];
  const where = `${host}:${port}`;
  if (tried.code === "EADDRINUSE") {
    if (await isOurs(site, place)) {
      const what = `this Dockwarden answers on ${where} already`;
      return [fault("port.running", what, STOP_FIRST)];
    }
    const what = `another program listens on ${where}`;
    return [fault("port.taken", what, ...(await moveFrom(site, place)))];
  }
  if (tried.code === "EACCES") {
    const what = `${where} can't be listened on by this user (ports below 1024 are for root)`;
    return [fault("port.unusable", what, ...(await moveFrom(site, place)))];
  }
  const what = `${host} is no address of this machine (${tried.code})`;
  return [fault("port.unusable", what, setting(site, "server.host", "127.0.0.1"))];
}

/** To a free port, with everything that leads to the old one: or clients would send their passwords to whoever is there. */
async function moveFrom(site: Site, { host, key, port }: Place): Promise<readonly Mend[]> {
  const free = await tryPort(host, 0);
  const move = setting(site, key, free.port);
  if (key !== "server.port") return [move];
  const { publicUrl } = site.loaded.config.server;
  const url = new URL(publicUrl);
  const isDirect = Number(url.port || (url.protocol === "https:" ? 443 : 80)) === port;
  if (!isDirect) {
    const words = `let the proxy that answers on ${publicUrl} pass on to port ${free.port}`;
    return [move, { kind: "do", words }];
  }
  url.port = String(free.port);
  const isGiven = site.loaded.sources.has("server.publicUrl");
  const realm = registrySetting(site, "auth.token.realm", `${url.origin}/token`);
  return [move, ...(isGiven ? [setting(site, "server.publicUrl", url.origin)] : []), ...realm];
}

/** By its certificates, or by its store where keys are lost or new; where it says nothing, by the store that it holds. */
async function isOurs(site: Site, { port, path }: Place): Promise<boolean> {
  const answer = await askOwn(site, path, port);
  if (!answer.ok) return site.store.isServed;
  if (answer.body === site.keys.ring?.bundlePem) return true;
  const compared = compareInstallation(site, answer);
  if (compared === null || compared.store === "other") return false;
  return compared.store === "same" || compared.settings === "same";
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
