// A whole site as the stack is: token server with gate and ledger, registry 2.8 that tells it what happens, and the door
// before both, which is all that clients know.
import { join } from "node:path";
import { startDoor, type Door, type DoorOptions } from "./door.js";
import { findFreePort } from "./free-port.js";
import { startRegistry } from "./registry.js";
import type { Site } from "./site.js";
import { spawnServer, type ServerOptions } from "./spawn-server.js";
import { openWorkspace, type Workspace } from "./workspace.js";

/** `events.secret` of every such site. */
export const EVENTS_SECRET = "events-of-a-quiet-harbour-17";

/** `server` and `registry` at their own addresses, behind the door; `image` names are the door's. */
export interface GateSite extends Site {
  readonly door: Door;
}

export interface GateSiteOptions extends ServerOptions {
  /** More settings of the door, such as DOOR_CATALOG. */
  readonly doorEnv?: Readonly<Record<string, string>>;
  /** False: the registry tells nobody anything. */
  readonly hasNotifications?: boolean;
  /** Puts something between the registry's notifications and the server; answers the URL that the registry tells them to. */
  readonly beforeEvents?: (eventsUrl: string, workspace: Workspace) => Promise<string>;
  /** Another proxy than the stack's door. */
  readonly startFront?: (workspace: Workspace, options: DoorOptions) => Promise<Door>;
}

/**
 * Starts all three; everything is taken down again when one part fails to start. `options.env` wins over the settings of
 * the gate: `{ DOCKWARDEN_POLICY__TAG_ENFORCEMENT: "off" }`.
 */
export async function openGateSite(options: GateSiteOptions = {}): Promise<GateSite> {
  const workspace = await openWorkspace();
  try {
    const [doorPort, registryPort] = [await findFreePort(), await findFreePort()];
    const env = { ...describeGate(doorPort, registryPort), ...options.env };
    const server = await spawnServer(workspace, { ...options, env });
    const eventsUrl = `http://127.0.0.1:${server.port}/events`;
    const url = (await options.beforeEvents?.(eventsUrl, workspace)) ?? eventsUrl;
    const notifications = { url, secret: EVENTS_SECRET };
    const registry = await startRegistry(workspace, {
      port: registryPort,
      realmUrl: `http://localhost:${doorPort}`,
      rootCertBundle: join(server.trustFolder, "token-ca.pem"),
      ...(options.hasNotifications === false ? {} : { notifications }),
    });
    const door = await (options.startFront ?? startDoor)(workspace, {
      port: doorPort,
      registry: `127.0.0.1:${registryPort}`,
      dockwarden: `127.0.0.1:${server.port}`,
      ...(options.doorEnv === undefined ? {} : { env: options.doorEnv }),
    });
    return {
      workspace,
      server,
      registry,
      door,
      image: (name) => `${door.host}/${name}`,
      close: () => workspace.close(),
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

function describeGate(doorPort: number, registryPort: number): Record<string, string> {
  return {
    DOCKWARDEN_SERVER__PUBLIC_URL: `http://localhost:${doorPort}`,
    DOCKWARDEN_SERVER__TRUSTED_PROXIES: "127.0.0.1",
    DOCKWARDEN_REGISTRY__HOSTS: `localhost:${doorPort}`,
    DOCKWARDEN_REGISTRY__URLS: `http://127.0.0.1:${registryPort}`,
    DOCKWARDEN_POLICY__TAG_ENFORCEMENT: "gate",
    DOCKWARDEN_POLICY__CATALOG: "filtered",
    DOCKWARDEN_EVENTS__SECRET: EVENTS_SECRET,
  };
}
