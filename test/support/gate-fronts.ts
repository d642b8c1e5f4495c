// The proxies of examples/gate in the place of the stack's door, each with its file as people get it, on ports of the test.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Door, DoorOptions } from "./door.js";
import { ROOT } from "./documents.js";
import { startDaemon, waitUntilReady } from "./process.js";
import type { Workspace } from "./workspace.js";

interface Front {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Starts Caddy with examples/gate/Caddyfile. */
export async function startGateCaddy(workspace: Workspace, options: DoorOptions): Promise<Door> {
  const folder = await workspace.subfolder("caddy");
  const example = await readExample("Caddyfile", options);
  const site = example.replace("registry.example.com {", `http://localhost:${options.port} {`);
  const file = join(folder, "Caddyfile");
  await writeFile(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
  const args = ["run", "--config", file, "--adapter", "caddyfile"];
  return startFront(workspace, options, { program: "caddy", args, env: { HOME: folder } });
}

/** Starts nginx with examples/gate/nginx.conf. */
export async function startGateNginx(workspace: Workspace, options: DoorOptions): Promise<Door> {
  const folder = await workspace.subfolder("nginx");
  const example = (await readExample("nginx.conf", options))
    .replace("listen 443 ssl;", `listen 127.0.0.1:${options.port};`)
    .replaceAll(/^ *ssl_certificate.*$/gm, "");
  const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join("\n");
  const file = join(folder, "nginx.conf");
  const head = `user root;\ndaemon off;\npid ${join(folder, "pid")};\nerror_log stderr;\nevents {}\n`;
  await writeFile(file, `${head}http {\naccess_log off;\n${places}\n${example}}\n`);
  const args = ["-p", folder, "-c", file, "-e", "stderr"];
  return startFront(workspace, options, { program: "nginx", args, env: {} });
}

async function readExample(name: string, options: DoorOptions): Promise<string> {
  const example = await readFile(join(ROOT, "examples", "gate", name), "utf8");
  return example
    .replaceAll("127.0.0.1:5000", options.registry)
    .replaceAll("127.0.0.1:5001", options.dockwarden);
}

async function startFront(
  workspace: Workspace,
  { port }: DoorOptions,
  { program, args, env }: Front,
): Promise<Door> {
  const settings = { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`, ...env };
  const logFile = join(workspace.folder, `${program}.log`);
  const daemon = await startDaemon(program, args, { env: settings, logFile });
  const stop = async (): Promise<void> => {
    await daemon.stop();
  };
  workspace.onClose(stop);
  const url = `http://localhost:${port}`;
  await waitUntilReady(daemon, program, async () => {
    const answer = await fetch(`${url}/v2/`);
    await answer.arrayBuffer();
    return answer.status === 401;
  });
  return { port, host: `localhost:${port}`, url, log: () => daemon.log(), stop };
}
