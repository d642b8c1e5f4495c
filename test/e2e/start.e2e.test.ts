// `npm start` as a newcomer types it: store, keys and first admin on an empty folder, and a clean end.
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "@jest/globals";
import { findFreePort } from "../support/free-port.js";
import { startDaemon, waitUntilReady, type Daemon } from "../support/process.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const SCRIPT = join(
  dirname(dirname(dirname(fileURLToPath(import.meta.url)))),
  "scripts",
  "start.mjs",
);

describe("npm start", () => {
  const workspaces: Workspace[] = [];

  async function makeEnvironment(): Promise<{
    workspace: Workspace;
    env: Record<string, string>;
    port: number;
  }> {
    const workspace = await openWorkspace();
    workspaces.push(workspace);
    const port = await findFreePort();
    const env = {
      PATH: process.env["PATH"] ?? "",
      HOME: workspace.folder,
      DOCKWARDEN_SERVER__PORT: String(port),
      DOCKWARDEN_STORAGE__PATH: join(workspace.folder, "data", "dockwarden.db"),
      DOCKWARDEN_KEYS__DIRECTORY: join(workspace.folder, "keys"),
      DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(workspace.folder, "trust"),
    };
    return { workspace, env, port };
  }

  async function start(
    workspace: Workspace,
    env: Record<string, string>,
    port: number,
  ): Promise<Daemon> {
    const logFile = join(workspace.folder, "start.log");
    const daemon = await startDaemon(process.execPath, [SCRIPT], { env, logFile });
    workspace.onClose(() => daemon.stop());
    await waitUntilReady(daemon, "npm start", async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/health/ready`);
      await answer.arrayBuffer();
      return answer.status === 200;
    });
    return daemon;
  }

  afterEach(async () => {
    for (const workspace of workspaces.splice(0)) await workspace.close();
  });

  test("makes store, keys and first admin, says what to paste, and ends with 0", async () => {
    const { workspace, env, port } = await makeEnvironment();
    const daemon = await start(workspace, env, port);
    expect(daemon.log()).toContain("rootcertbundle");
    expect(daemon.log()).toContain("curl");
    const file = await stat(join(workspace.folder, "data", "first-admin-password"));
    expect(file.mode & 0o777).toBe(0o600);
    expect(await daemon.stop()).toBe(0);
  });

  test("starts again on what it made, without another admin", async () => {
    const { workspace, env, port } = await makeEnvironment();
    const first = await start(workspace, env, port);
    expect(await first.stop()).toBe(0);
    const key = await stat(join(workspace.folder, "trust", "token-ca.pem"));
    const second = await start(workspace, env, port);
    const same = await stat(join(workspace.folder, "trust", "token-ca.pem"));
    expect(same.ino).toBe(key.ino);
    expect(await second.stop()).toBe(0);
  });

  test("ends with 0 on an interrupt as well", async () => {
    const { workspace, env, port } = await makeEnvironment();
    const daemon = await start(workspace, env, port);
    expect(await daemon.stop("SIGINT")).toBe(0);
  });
});
