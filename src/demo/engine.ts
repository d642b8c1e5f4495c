// The Docker engine that the person uses: where it listens, and whether `localhost` means the same to it as to us.
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { listen } from "./free-port.js";
import type { Command, Stage } from "./stage.js";

const PROBE_LIMIT_MILLISECONDS = 10_000;
const PULL_LIMIT_MILLISECONDS = 60_000;
const UNDO_LIMIT_MILLISECONDS = 20_000;
const IMAGES = ["registry:3", "registry:2"];

export interface Engine {
  readonly version: string;
  /** False: it runs in a virtual machine, a network of its own or elsewhere, and can't reach a server on our loopback. */
  readonly isHere: boolean;
  /** Finds the engine without the person's configuration. */
  readonly env: Readonly<Record<string, string>>;
}

export interface EngineSearch {
  readonly found: Engine | null;
  /** For the list of what was found. */
  readonly words: string;
}

/** Asks the person's context once where the engine is; afterwards her configuration is left alone. */
export async function findEngine(
  stage: Stage,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<EngineSearch> {
  const kind = await stage.run({ program: "docker", args: ["--version"] });
  if (kind.code === 127) return { found: null, words: "not found" };
  if (!kind.text.startsWith("Docker version")) {
    return { found: null, words: "is another program under that name" };
  }
  const env = await findEndpoint(stage, variables);
  makeDockerConfig(stage, "probe");
  const version = await stage.run({
    program: "docker",
    args: ["--config", "probe", "version", "--format", "{{.Server.Version}}"],
    env,
    limitMilliseconds: PROBE_LIMIT_MILLISECONDS,
  });
  if (version.code !== 0) {
    return { found: null, words: "no engine answers the client: start it (docker info says more)" };
  }
  const isHere = await sharesOurLoopback(stage, env);
  const words = `engine ${version.text.trim()}`;
  return {
    found: { version: version.text.trim(), isHere, env },
    words: isHere ? words : `${words}, but servers on this machine's loopback are out of its reach`,
  };
}

/** A configuration folder of the demo's own. */
export function makeDockerConfig(stage: Stage, name: string): void {
  mkdirSync(join(stage.folder, name), { recursive: true, mode: 0o700 });
  // NOTE without any entry docker looks for a key chain on the path and would put logins there.
  stage.write(join(name, "config.json"), '{"auths":{"registry.invalid":{}}}');
}

/** Name of an image of the registry that the engine has, or null. */
export async function findRegistryImage(stage: Stage, engine: Engine): Promise<string | null> {
  for (const image of IMAGES) {
    const outcome = await stage.run(dockerCommand(engine, ["image", "inspect", image]));
    if (outcome.code === 0) return image;
  }
  return null;
}

/** Fetches the registry's image, for the length of the demo; null, or why that doesn't work. */
export async function pullRegistryImage(
  stage: Stage,
  engine: Engine,
  image: string,
): Promise<string | null> {
  // Without --force: it stays where somebody else has begun to use it meanwhile.
  undoWithDocker(stage, engine, ["image", "rm", image]);
  const pull = dockerCommand(engine, ["pull", image]);
  const outcome = await stage.run({ ...pull, limitMilliseconds: PULL_LIMIT_MILLISECONDS });
  if (outcome.code === 0) return null;
  return outcome.text.trim().split("\n").at(-1) ?? "";
}

/** `docker ARGS` on that engine, without anybody's login. */
export function dockerCommand(engine: Engine, args: readonly string[]): Command {
  return { program: "docker", args: ["--config", "probe", ...args], env: engine.env };
}

/** Leaves nothing in the engine, also when we exit in the middle. */
export function undoWithDocker(stage: Stage, engine: Engine, args: readonly string[]): void {
  const command = dockerCommand(engine, args);
  stage.onClose(() => {
    spawnSync(command.program, command.args, {
      cwd: stage.folder,
      env: { PATH: stage.path, HOME: stage.folder, ...command.env },
      stdio: "ignore",
      timeout: UNDO_LIMIT_MILLISECONDS,
    });
  });
}

async function findEndpoint(
  stage: Stage,
  variables: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const names = ["DOCKER_HOST", "DOCKER_TLS", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"];
  const own = pick(variables, names);
  const home = variables["DOCKER_CONFIG"] ?? join(variables["HOME"] ?? "", ".docker");
  // Where docker itself looks for certificates when nothing names a place; our children have another home.
  if (own["DOCKER_TLS_VERIFY"] !== undefined) own["DOCKER_CERT_PATH"] ??= home;
  if (own["DOCKER_HOST"] !== undefined) return own;
  const context = await stage.run({
    program: "docker",
    args: ["context", "inspect", "--format", "{{.Endpoints.docker.Host}}"],
    env: pick(variables, ["HOME", "DOCKER_CONFIG", "DOCKER_CONTEXT"]),
  });
  const host = context.text.trim();
  return context.code === 0 && /^\w+:\/\/\S+$/.test(host) ? { ...own, DOCKER_HOST: host } : own;
}

function pick(
  variables: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => ofOne(name, variables[name])));
}

const ofOne = (name: string, value: string | undefined): readonly (readonly [string, string])[] =>
  value === undefined ? [] : [[name, value]];

/** Tried, not guessed: engines in virtual machines, rootless and remote ones knock in vain. */
async function sharesOurLoopback(
  stage: Stage,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  let knocks = 0;
  const server = createServer((socket) => {
    knocks += 1;
    socket.destroy();
  });
  const port = await listen(server);
  try {
    const args = ["--config", "probe", "pull", `localhost:${port}/dockwarden/probe:1`];
    const limitMilliseconds = PROBE_LIMIT_MILLISECONDS;
    await stage.run({ program: "docker", args, env, limitMilliseconds });
  } finally {
    server.close();
  }
  return knocks > 0;
}
