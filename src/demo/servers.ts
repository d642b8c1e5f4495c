// Starts Dockwarden and a registry that trusts it, on free ports, with everything they store in the stage's folder.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { findFreePort, type Equipment } from "./equipment.js";
import type { Engine } from "./engine.js";
import type { Command, Stage } from "./stage.js";
import { makeTar } from "./tiny-image.js";

const UNDO_LIMIT_MILLISECONDS = 20_000;

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
  const port = await findFreePort();
  const registryPort = await findFreePort();
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
  await stage.startServer(dockwarden(["serve", "--create"]), "dockwarden.log", {
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
  // 401 and nothing else: the registry is up and asks for a token.
  const ready = { url: `http://127.0.0.1:${place.port}/v2/`, status: 401 };
  if (registry.kind === "container") {
    await startContainer(stage, registry, place);
    if (await stage.waitFor(ready)) return;
    throw new Error(
      `The registry's container (${registry.image}) does not answer on ${ready.url}; is its engine on this machine? ` +
        "Without one: install docker-registry and skopeo.",
    );
  }
  const config = describeRegistry(place, {
    addr: `127.0.0.1:${place.port}`,
    storage: join(stage.folder, "registry"),
    trust: join(stage.folder, "trust", "token-ca.pem"),
  });
  stage.write("registry.yml", config);
  const env = { OTEL_TRACES_EXPORTER: "none" };
  const command = { program: registry.program, args: ["serve", "registry.yml"], env };
  await stage.startServer(command, "registry.log", ready);
}

/** Configuration and certificate are copied in: an engine may not see our folder. */
async function startContainer(
  stage: Stage,
  { image, engine }: { readonly image: string; readonly engine: Engine },
  place: RegistryPlace,
): Promise<void> {
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
  const options = ["--rm", "--name", name, ...network, "-e", "OTEL_TRACES_EXPORTER=none"];
  const configFile = `/${inside}/config.yml`;
  await mustDocker(stage, engine, { args: ["create", ...options, image, configFile] });
  await mustDocker(stage, engine, { args: ["cp", "-", `${name}:/`], input: "registry.tar" });
  await mustDocker(stage, engine, { args: ["start", name] });
}

/** Leaves nothing in the engine, also when we exit in the middle. */
export function undoWithDocker(stage: Stage, engine: Engine, args: readonly string[]): void {
  stage.onClose(() => {
    const env = { PATH: stage.path, HOME: stage.folder, ...engine.env };
    spawnSync("docker", ["--config", "probe", ...args], {
      cwd: stage.folder,
      env,
      stdio: "ignore",
      timeout: UNDO_LIMIT_MILLISECONDS,
    });
  });
}

async function mustDocker(
  stage: Stage,
  engine: Engine,
  command: Pick<Command, "args" | "input">,
): Promise<void> {
  const args = ["--config", "probe", ...command.args];
  const outcome = await stage.run({ ...command, program: "docker", args, env: engine.env });
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
