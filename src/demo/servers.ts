// Starts Dockwarden and a registry that trusts it, on free ports, with everything they store in the stage's folder.
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Equipment } from "./equipment.js";
import { findFreePorts } from "./free-port.js";
import { dockerCommand, undoWithDocker, type Engine } from "./engine.js";
import type { Command, Server, Stage } from "./stage.js";
import { makeTar } from "./tiny-image.js";

/** Registry 3 would look for a collector of traces. */
const NO_TRACES = ["OTEL_TRACES_EXPORTER", "none"] as const;

/** How Dockwarden is called: the program and what stands before its own arguments. */
export type Program = readonly [string, ...string[]];

export interface Servers {
  /** `http://localhost:PORT`: by name, since some clients refuse a realm that is an address. */
  readonly url: string;
  /** `localhost:PORT`, as it stands before an image's name. */
  readonly host: string;
  /** `dockwarden ARGS` on the demo's store. */
  readonly dockwarden: (args: readonly string[], input?: string) => Command;
}

/** Both are up when this answers. Throws with the end of the log of the one that isn't, or Interrupted. */
export async function startServers(
  stage: Stage,
  equipment: Equipment,
  program: Program,
): Promise<Servers> {
  const [port, registryPort] = await findFreePorts();
  const url = `http://localhost:${port}`;
  const host = `localhost:${registryPort}`;
  stage.write("config.yml", describeDockwarden(port, host));
  stage.write("admin.password", `${makePassword()}\n`);
  const [node, ...entry] = program;
  const dockwarden: Servers["dockwarden"] = (args, input) => ({
    program: node,
    args: [...entry, ...args],
    typed: ["dockwarden", ...args],
    env: {
      DOCKWARDEN_CONFIG: join(stage.folder, "config.yml"),
      DOCKWARDEN_ADMIN_PASSWORD_FILE: join(stage.folder, "admin.password"),
    },
    ...(input === undefined ? {} : { input }),
  });
  await stage.startServer(dockwarden(["serve", "--create"]), {
    words: "Dockwarden",
    logName: "dockwarden",
    url: `http://127.0.0.1:${port}/health/ready`,
    status: 200,
  });
  await startRegistry(stage, equipment, { port: registryPort, realm: `${url}/token` });
  return { url, host, dockwarden };
}

/** Good enough for every rule, and nobody needs to remember it. */
export function makePassword(): string {
  return randomBytes(18).toString("base64url");
}

interface RegistryPlace {
  readonly port: number;
  readonly realm: string;
}

async function startRegistry(
  stage: Stage,
  { registry }: Equipment,
  place: RegistryPlace,
): Promise<void> {
  const server: Server = {
    words: `The registry (${registry.words})`,
    logName: "registry",
    url: `http://127.0.0.1:${place.port}/v2/`,
    status: 401, // and nothing else: it is up and asks for a token
  };
  if (registry.kind === "container") {
    const command = await createContainer(stage, registry, place);
    await stage.startServer(command, server);
    return;
  }
  const config = describeRegistry(place, {
    addr: `127.0.0.1:${place.port}`,
    storage: join(stage.folder, "registry"),
    trust: join(stage.folder, "trust", "token-ca.pem"),
  });
  stage.write("registry.yml", config);
  const env = Object.fromEntries([NO_TRACES]);
  const command = { program: registry.program, args: ["serve", "registry.yml"], env };
  await stage.startServer(command, server);
}

/**
 * The command that starts the registry and stays with it. Configuration and certificate are copied into the container:
 * an engine may not see our folder. Throws with docker's words, or Interrupted.
 */
async function createContainer(
  stage: Stage,
  { image, engine }: { readonly image: string; readonly engine: Engine },
  place: RegistryPlace,
): Promise<Command> {
  const name = `dockwarden-demo-${randomBytes(4).toString("hex")}`;
  const inside = "dockwarden-demo";
  const addr = engine.isHere ? `127.0.0.1:${place.port}` : ":5000";
  const network = engine.isHere
    ? ["--network=host", "--userns=host"]
    : ["-p", `127.0.0.1:${place.port}:5000`];
  const config = describeRegistry(place, {
    addr,
    storage: "/var/lib/registry",
    trust: `/${inside}/token-ca.pem`,
  });
  const files = makeTar({
    [`${inside}/config.yml`]: config,
    [`${inside}/token-ca.pem`]: readFileSync(join(stage.folder, "trust", "token-ca.pem")),
  });
  stage.write("registry.tar", files);
  undoWithDocker(stage, engine, ["rm", "--force", "--volumes", name]);
  const options = ["--name", name, ...network, "-e", NO_TRACES.join("=")];
  // The word `serve` suits an image that starts with a script and one that starts with the program itself.
  const start = ["serve", `/${inside}/config.yml`];
  await mustDocker(stage, engine, { args: ["create", ...options, image, ...start] });
  await mustDocker(stage, engine, { args: ["cp", "-", `${name}:/`], input: "registry.tar" });
  return dockerCommand(engine, ["start", "--attach", name]);
}

async function mustDocker(
  stage: Stage,
  engine: Engine,
  command: Pick<Command, "args" | "input">,
): Promise<void> {
  const docker = dockerCommand(engine, command.args);
  const outcome = await stage.run({ ...command, ...docker, mustFinish: true });
  if (outcome.code === 0) return;
  throw new Error(`docker ${command.args[0] ?? ""} failed: ${outcome.text.trim()}`);
}

function describeDockwarden(port: number, host: string): string {
  return [
    `server: { port: ${port}, publicUrl: "http://localhost:${port}" }`,
    `registry: { hosts: ["${host}"] }`,
    "storage: { path: data/dockwarden.db }",
    "keys: { directory: keys, trustDirectory: trust }",
    "",
  ].join("\n");
}

function describeRegistry(
  { realm }: RegistryPlace,
  paths: { readonly addr: string; readonly storage: string; readonly trust: string },
): string {
  const config = {
    version: 0.1,
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: paths.storage } },
    http: { addr: paths.addr, secret: randomBytes(16).toString("hex") },
    auth: {
      token: { realm, service: "registry", issuer: "dockwarden", rootcertbundle: paths.trust },
    },
  };
  return `${JSON.stringify(config, null, 2)}\n`; // JSON is YAML
}
