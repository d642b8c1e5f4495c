// The stack's door, nginx with door/nginx.conf by way of door.sh, before servers of a test.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./documents.js";
import { findFreePort } from "./free-port.js";
import { startDaemon, waitUntilReady } from "./process.js";
import type { Workspace } from "./workspace.js";

export interface Door {
  readonly port: number;
  /** `localhost:PORT`, as it stands before an image's name. */
  readonly host: string;
  /** `http://localhost:PORT`. */
  readonly url: string;
  log(): string;
  stop(): Promise<void>;
}

export interface DoorOptions {
  readonly port: number;
  /** `127.0.0.1:PORT` of each. */
  readonly registry: string;
  readonly dockwarden: string;
  /** More settings, such as DOOR_CATALOG. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts it; `workspace.close()` stops it. Plain HTTP. */
export async function startDoor(workspace: Workspace, options: DoorOptions): Promise<Door> {
  const folder = await workspace.subfolder("door");
  await cp(join(ROOT, "door"), folder, { recursive: true });
  const healthPort = await findFreePort();
  const env = {
    PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`,
    DOOR_TLS_DIRECTORY: await workspace.subfolder("door-tls"),
    DOOR_RUN_DIRECTORY: join(workspace.folder, "door-run"),
    DOOR_PORT: String(options.port),
    DOOR_HEALTH_PORT: String(healthPort),
    DOOR_REGISTRY: options.registry,
    DOOR_DOCKWARDEN: options.dockwarden,
    ...options.env,
  };
  const logFile = join(workspace.folder, "door.log");
  const daemon = await startDaemon("sh", [join(folder, "door.sh")], { env, logFile });
  workspace.onClose(() => daemon.stop("SIGQUIT"));
  await waitUntilReady(daemon, "The door", async () => {
    const answer = await fetch(`http://127.0.0.1:${healthPort}/`);
    return answer.status === 204;
  });
  return {
    port: options.port,
    host: `localhost:${options.port}`,
    url: `http://localhost:${options.port}`,
    log: () => daemon.log(),
    async stop() {
      await daemon.stop("SIGQUIT");
    },
  };
}
