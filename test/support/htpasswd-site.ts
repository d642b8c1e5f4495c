// A registry with htpasswd as people have it, behind their nginx, and what docs/switching-htpasswd.md puts beside it.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "./free-port.js";
import { writeLayeredLayout } from "./layered-image.js";
import { openPodman, openSkopeo } from "./clients.js";
import { startDockerEngine } from "./docker-engine.js";
import { expectDone } from "./outcome.js";
import { run, startDaemon, waitUntilReady, type Daemon, type Outcome } from "./process.js";
import type { Puller } from "./pull-loops.js";
import { spawnServer, type TestServer } from "./spawn-server.js";
import { startSwitchDoor, type SwitchDoor } from "./switch-door.js";
import { openWorkspace, type Workspace } from "./workspace.js";

const ENVIRONMENT = { PATH: process.env["PATH"] ?? "" };

/** As they stand in the htpasswd file. */
export const PEOPLE = ["Alice", "bob", "ci-team"] as const;
export type Person = (typeof PEOPLE)[number];

/** No rule of ours would let a new account have some of them. */
export const passwordAt = (person: Person): string => `${person.toLowerCase()}-1`;

export interface HtpasswdSite {
  readonly workspace: Workspace;
  readonly server: TestServer;
  readonly door: SwitchDoor;
  /** `localhost:PORT` of nginx: the name that everybody uses, before and after. */
  readonly host: string;
  readonly htpasswdFile: string;
  /** The configuration of each registry; both have one storage and one secret. */
  readonly files: { readonly htpasswd: string; readonly token: string };
  /** `http://localhost:PORT`, past the door. */
  readonly urls: { readonly htpasswd: string; readonly token: string };
  /** The registry with htpasswd, which runs. */
  readonly old: Daemon;
  start(which: "htpasswd" | "token"): Promise<Daemon>;
  close(): Promise<void>;
}

/** The registry with htpasswd runs behind nginx, Dockwarden beside it; the registry with tokens doesn't run yet. */
export async function openHtpasswdSite(): Promise<HtpasswdSite> {
  const workspace = await openWorkspace();
  try {
    return await openParts(workspace);
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

async function openParts(workspace: Workspace): Promise<HtpasswdSite> {
  const [doorPort, htpasswdPort, tokenPort] = [
    await findFreePort(),
    await findFreePort(),
    await findFreePort(),
  ];
  const host = `localhost:${doorPort}`;
  const server = await spawnServer(workspace, {
    env: {
      DOCKWARDEN_SERVER__PUBLIC_URL: `http://${host}`,
      DOCKWARDEN_SERVER__TRUSTED_PROXIES: "127.0.0.1",
    },
  });
  const htpasswdFile = await writeHtpasswd(workspace);
  const files = {
    htpasswd: join(workspace.folder, "registry.yml"),
    token: join(workspace.folder, "registry-token.yml"),
  };
  const schemes = describeSchemes(
    htpasswdFile,
    join(server.trustFolder, "token-ca.pem"),
    `http://${host}`,
  );
  await writeFile(files.htpasswd, describeRegistry(workspace, htpasswdPort, schemes.htpasswd));
  await writeFile(files.token, describeRegistry(workspace, tokenPort, schemes.token));
  const urls = {
    htpasswd: `http://localhost:${htpasswdPort}`,
    token: `http://localhost:${tokenPort}`,
  };
  const start: HtpasswdSite["start"] = (which) =>
    startRegistryOf(workspace, files[which], urls[which]);
  const ports = {
    door: doorPort,
    dockwarden: server.port,
    htpasswd: htpasswdPort,
    token: tokenPort,
  };
  const old = await start("htpasswd");
  const door = await startSwitchDoor(workspace, ports, "htpasswd");
  return {
    old,
    workspace,
    server,
    door,
    host,
    htpasswdFile,
    files,
    urls,
    start,
    close: () => workspace.close(),
  };
}

/** Three people, by `htpasswd -B`. */
export async function writeHtpasswd(workspace: Workspace): Promise<string> {
  const file = join(workspace.folder, "htpasswd");
  for (const person of PEOPLE) {
    const words = [person === PEOPLE[0] ? "-ciB" : "-iB", file, person];
    expectDone(await run("htpasswd", words, { env: ENVIRONMENT, stdin: passwordAt(person) }));
  }
  return file;
}

/** The section `auth` before the switch and after it; `bundle` is what the registry trusts, `realmUrl` is where clients reach /token. */
export function describeSchemes(
  htpasswdFile: string,
  bundle: string,
  realmUrl: string,
): { readonly htpasswd: string; readonly token: string } {
  return {
    htpasswd: `htpasswd: { realm: Registry, path: ${htpasswdFile} }`,
    token: `token: { realm: "${realmUrl}/token", service: registry, issuer: dockwarden, rootcertbundle: ${bundle} }`,
  };
}

/** A registry on the storage and with the secret that all of the workspace share. */
export function describeRegistry(workspace: Workspace, port: number, scheme: string): string {
  return `version: 0.1
log: { level: info }
storage: { filesystem: { rootdirectory: ${join(workspace.folder, "storage")} } }
http: { addr: "127.0.0.1:${port}", secret: the-same-for-both-of-them }
auth:
  ${scheme}
`;
}

export async function startRegistryOf(
  workspace: Workspace,
  file: string,
  url: string,
): Promise<Daemon> {
  const logFile = `${file}.log`;
  const daemon = await startDaemon("docker-registry", ["serve", file], {
    env: ENVIRONMENT,
    logFile,
  });
  workspace.onClose(() => daemon.stop());
  await waitUntilReady(daemon, `The registry of ${file}`, async () => {
    const answer = await fetch(`${url}/v2/`);
    await answer.arrayBuffer();
    return answer.status === 401;
  });
  return daemon;
}

/** Where a client logs in. */
export type Place = Pick<HtpasswdSite, "workspace" | "host">;

export interface StoredSkopeo {
  pull(reference: string): Promise<Outcome>;
  /** Pushes an image that nobody had before, with so many layers. */
  push(reference: string, layers?: number): Promise<Outcome>;
}

/** Somebody with skopeo, logged in once, now: each pull and push is a process that finds the stored login. */
export async function openStoredSkopeo(
  { workspace, host }: Place,
  person: Person,
): Promise<StoredSkopeo> {
  const client = await openSkopeo(workspace, person);
  expectDone(await client.login(host, person, passwordAt(person)));
  const home = await workspace.subfolder(`skopeo-${person}`);
  let [images, pulls] = [0, 0];
  return {
    // Each into a folder of its own, since the same person may pull twice at once, and skopeo empties the folder first.
    async pull(reference) {
      pulls += 1;
      const target = join(home, `pulled-${pulls}`);
      const words = ["copy", "--src-tls-verify=false", `docker://${reference}`, `dir:${target}`];
      const outcome = await client.skopeo(words);
      await rm(target, { recursive: true, force: true });
      return outcome;
    },
    async push(reference, layers = 2) {
      images += 1;
      const layout = await workspace.subfolder(`skopeo-${person}/image-${images}`);
      writeLayeredLayout(layout, layers, 100_000);
      const words = ["copy", "--dest-tls-verify=false", `oci:${layout}:latest`];
      return client.skopeo([...words, `docker://${reference}`]);
    },
  };
}

/** podman with a login that it stores now. */
export async function openStoredPodman(
  { workspace, host }: Place,
  person: Person,
  image: string,
): Promise<Puller> {
  const podman = await openPodman(workspace, person);
  const words = ["login", "--tls-verify=false", "--username", person, "--password-stdin", host];
  expectDone(await podman(words, passwordAt(person)));
  return {
    name: `podman ${person}`,
    async pull() {
      await podman(["rmi", "--force", image]);
      return podman(["pull", "--quiet", "--tls-verify=false", image]);
    },
  };
}

/** docker with a login that it stores now: a registry with htpasswd leaves the password in config.json. */
export async function openStoredDocker(
  { workspace, host }: Place,
  person: Person,
  image: string,
): Promise<Puller> {
  const engine = await startDockerEngine(workspace, host);
  const someone = await engine.person(person);
  expectDone(await someone.login(host, person, passwordAt(person)));
  return {
    name: `docker ${person}`,
    async pull() {
      await someone.docker(["image", "rm", "--force", image]);
      return someone.docker(["pull", "--quiet", image]);
    },
  };
}
