// Starts a real registry (Distribution 2.8 from Debian) that trusts the token server's certificate.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findFreePort } from "./free-port.js";
import { startDaemon, waitUntilReady, type Daemon } from "./process.js";
import type { Workspace } from "./workspace.js";

export interface TestRegistry {
  readonly port: number;
  /** `localhost:PORT`, as it stands before an image's name. */
  readonly host: string;
  log(): string;
  stop(): Promise<void>;
  /** Stops it and starts it again on the same port and storage, with what changes: it reads its certificates anew. */
  restart(changed?: Partial<Pick<RegistryOptions, "htpasswd">>): Promise<void>;
}

export interface RegistryOptions {
  /** `http://localhost:PORT` of the token server. */
  readonly realmUrl: string;
  /** File with the certificates to trust. */
  readonly rootCertBundle: string;
  /** `registry` when absent. */
  readonly service?: string;
  /** A free one when absent. */
  readonly port?: number;
  /** The file by which it checks passwords itself; null or absent: it takes tokens. */
  readonly htpasswd?: string | null;
  /** Where it tells what was pushed, pulled and deleted, with `Authorization: Bearer SECRET`; nowhere when absent. */
  readonly notifications?: { readonly url: string; readonly secret: string };
}

/**
 * Starts a registry on a free port; `workspace.close()` stops it.
 * @throws with the registry's log when it doesn't answer.
 */
export async function startRegistry(
  workspace: Workspace,
  options: RegistryOptions,
): Promise<TestRegistry> {
  const port = options.port ?? (await findFreePort());
  const service = options.service ?? "registry";
  const folder = await workspace.subfolder(`registry-${service}`);
  const configFile = join(folder, "config.yml");
  const configure = (all: RegistryOptions): Promise<void> =>
    writeFile(configFile, describeConfig(folder, port, { ...all, service }));
  await configure(options);
  let daemon: Daemon | null = null;
  const stop = async (): Promise<void> => {
    await daemon?.stop();
  };
  const start = async (): Promise<void> => {
    daemon = await startDaemon("docker-registry", ["serve", configFile], {
      env: { PATH: process.env["PATH"] ?? "" },
      logFile: join(folder, "registry.log"),
    });
    await waitUntilReady(daemon, "The registry", async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
      await answer.arrayBuffer();
      return answer.status === 401;
    });
  };
  workspace.onClose(stop);
  await start();
  return {
    port,
    host: `localhost:${port}`,
    log: () => daemon?.log() ?? "",
    stop,
    async restart(changed = {}) {
      await stop();
      await configure({ ...options, ...changed });
      await start();
    },
  };
}

function describeConfig(
  folder: string,
  port: number,
  options: RegistryOptions & { readonly service: string },
): string {
  return `version: 0.1
log:
  level: warn
storage:
  filesystem:
    rootdirectory: ${join(folder, "storage")}
  delete:
    enabled: true
http:
  addr: 127.0.0.1:${port}
auth:
${describeAuth(options)}${describeNotifications(options)}`;
}

function describeAuth(options: RegistryOptions & { readonly service: string }): string {
  if (options.htpasswd != null) {
    return `  htpasswd:
    realm: registry
    path: ${options.htpasswd}
`;
  }
  return `  token:
    realm: ${options.realmUrl}/token
    service: ${options.service}
    issuer: dockwarden
    rootcertbundle: ${options.rootCertBundle}
`;
}

/** As registry-config.yml and docker/registry.sh have them, with shorter pauses. */
function describeNotifications({ notifications }: RegistryOptions): string {
  if (notifications === undefined) return "";
  return `notifications:
  events:
    includereferences: true
  endpoints:
    - name: dockwarden
      url: ${notifications.url}
      headers:
        Authorization: [Bearer ${notifications.secret}]
      timeout: 1s
      threshold: 5
      backoff: 1s
`;
}
