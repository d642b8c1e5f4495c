// A whole site for an end-to-end test: token server, registry that trusts it, and the few accounts most tests need.
import { join } from "node:path";
import { findFreePort } from "./free-port.js";
import { startRegistry, type TestRegistry } from "./registry.js";
import { addUser, spawnServer, type ServerOptions, type TestServer } from "./spawn-server.js";
import { openWorkspace, type Workspace } from "./workspace.js";

export interface Site {
  readonly workspace: Workspace;
  readonly server: TestServer;
  readonly registry: TestRegistry;
  /** `localhost:PORT/NAME`. */
  image(name: string): string;
  close(): Promise<void>;
}

export interface SiteOptions extends ServerOptions {
  /** Puts something between clients and token server; answers the URL that the registry names as its realm. */
  readonly before?: (server: TestServer, workspace: Workspace) => Promise<string>;
}

/** Starts both; everything is taken down again when one part fails to start. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const workspace = await openWorkspace();
  try {
    const port = await findFreePort();
    const hosts = {
      DOCKWARDEN_REGISTRY__HOSTS: `localhost:${port}`,
      DOCKWARDEN_REGISTRY__URLS: `http://localhost:${port}`,
    };
    const server = await spawnServer(workspace, { ...options, env: { ...hosts, ...options.env } });
    const registry = await startRegistry(workspace, {
      port,
      realmUrl: (await options.before?.(server, workspace)) ?? server.url,
      rootCertBundle: join(server.trustFolder, "token-ca.pem"),
    });
    return {
      workspace,
      server,
      registry,
      image: (name) => `${registry.host}/${name}`,
      close: () => workspace.close(),
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

/**
 * The accounts and images that the client tests share: `developer` (view, pull, push) and `reader` (view, pull) on
 * `team/app`; `team/secret` for `admin` alone; `public/base` for everybody to pull and `developer` to push.
 */
export async function addClientFixture(server: TestServer): Promise<void> {
  await addUser(server, "developer", "view,pull,push");
  await addUser(server, "reader", "view,pull");
  await server.mustCli(["image", "register", "team/app", "--users", "developer,reader"]);
  await server.mustCli(["image", "register", "team/secret", "--users", "admin"]);
  await server.mustCli(["image", "register", "public/base", "--public"]);
  await server.mustCli(["access", "grant", "public/base", "developer", "--actions", "pull,push"]);
}
