// nginx with examples/nginx-switch.conf as its server, on ports of the test.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./documents.js";
import { expectDone } from "./outcome.js";
import { run, startDaemon, waitUntilReady } from "./process.js";
import type { Workspace } from "./workspace.js";

const EXAMPLE = join(ROOT, "examples", "nginx-switch.conf");

export interface SwitchPorts {
  readonly door: number;
  readonly dockwarden: number;
  readonly htpasswd: number;
  readonly token: number;
}

/** Where the map sends who asks with neither password nor token: as the example stands, switched, and then back. */
export type SwitchWay = "htpasswd" | "token";

export interface SwitchDoor {
  /** Where nginx would put what it keeps of a body. */
  readonly bodyFolder: string;
  /** What the example's comment says; answers when nginx took the order, not when it has been carried out. */
  switchTo(way: SwitchWay): Promise<void>;
}

/** Starts it; `workspace.close()` stops it. */
export async function startSwitchDoor(
  workspace: Workspace,
  ports: SwitchPorts,
  way: SwitchWay,
): Promise<SwitchDoor> {
  const folder = await workspace.subfolder("switch-door");
  const file = join(folder, "nginx.conf");
  const env = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
  await writeFile(file, await fillExample(folder, ports, way));
  const prefix = ["-p", folder, "-c", file];
  const logFile = join(folder, "nginx.log");
  const daemon = await startDaemon("nginx", [...prefix, "-e", "stderr"], { env, logFile });
  workspace.onClose(() => daemon.stop());
  await waitUntilReady(daemon, "nginx", async () => {
    const answer = await fetch(`http://127.0.0.1:${ports.door}/v2/`);
    await answer.arrayBuffer();
    return answer.status < 500;
  });
  return {
    bodyFolder: join(folder, "client_body"),
    async switchTo(next) {
      await writeFile(file, await fillExample(folder, ports, next));
      expectDone(await run("nginx", [...prefix, "-s", "reload"], { env }));
    },
  };
}

async function fillExample(folder: string, ports: SwitchPorts, way: SwitchWay): Promise<string> {
  const example = (await readFile(EXAMPLE, "utf8"))
    .replace(/^(?<head> {2}default .*)5003;$/m, way === "token" ? "$<head>5002;" : "$<head>5003;")
    .replace("127.0.0.1:5000", `127.0.0.1:${ports.door}`)
    .replace("127.0.0.1:5001", `127.0.0.1:${ports.dockwarden}`)
    .replaceAll("127.0.0.1:5002", `127.0.0.1:${ports.token}`)
    .replaceAll("127.0.0.1:5003", `127.0.0.1:${ports.htpasswd}`);
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join("\n");
  const head = `user root;\ndaemon off;\npid ${join(folder, "nginx.pid")};\nerror_log stderr;\nevents {}\n`;
  return `${head}http {\naccess_log off;\n${places}\n${example}}\n`;
}
