// One compose project on the server's machine: a copy of the files that people get, brought up as they would.
import { cp, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expectDone } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import type { Outcome } from "../support/process.js";
import type { Workspace } from "../support/workspace.js";
import type { ContainerEngine } from "./container-engine.js";
import type { Machine } from "./machines.js";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FILES = [
  ["docker-compose.yml", "compose.caddy.yml", "registry-config.yml", "door", "docker"],
  // What the image is built from.
  ["Dockerfile", ".dockerignore", "package.json", "package-lock.json"],
  ["tsconfig.json", "tsconfig.build.json", "src", "config", "migrations"],
  ["LICENSE", "CHANGELOG.md", "SECURITY.md"],
  // What the guides name besides.
  ["examples"],
].flat();
const LIMIT_MILLISECONDS = 300_000;

export type Service = "door" | "registry" | "dockwarden";
export const SERVICES: readonly Service[] = ["dockwarden", "registry", "door"];

export interface Stack {
  /** Where docker-compose.yml and .env lie. */
  readonly folder: string;
  /** Overwrites .env. */
  configure(settings: Readonly<Record<string, string>>): Promise<void>;
  /** `docker-compose ARGS`; a wrong exit code is an answer. */
  compose(args: readonly string[], stdin?: string): Promise<Outcome>;
  /** The same; answers standard output, throws with everything when it fails. */
  mustCompose(args: readonly string[]): Promise<string>;
  /** `docker-compose up --detach` and then waits until all are healthy. */
  up(...args: readonly string[]): Promise<void>;
  /** `dw ARGS` in the running container, without a terminal. */
  dw(args: readonly string[], stdin?: string): Promise<Outcome>;
  mustDw(args: readonly string[], stdin?: string): Promise<string>;
  /** What `docker inspect --format` says of a service's container. */
  inspect(service: Service, format: string): Promise<string>;
  waitUntilHealthy(services?: readonly Service[]): Promise<void>;
  waitUntilLogged(service: Service, text: string): Promise<void>;
}

/** Copies the files into a folder of the project's name; `workspace.close()` takes containers and volumes down. */
export async function openStack(
  workspace: Workspace,
  place: { readonly machine: Machine; readonly engine: ContainerEngine },
  project: string,
): Promise<Stack> {
  const folder = await workspace.subfolder(`projects/${project}`);
  for (const name of FILES) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await cp(join(ROOT, "tls", "README.md"), join(folder, "tls", "README.md"));
  const env = { DOCKER_HOST: place.engine.socket, COMPOSE_PROJECT_NAME: project };
  const compose: Stack["compose"] = (args, stdin) =>
    place.machine.run("docker-compose", args, {
      env,
      cwd: folder,
      limitMilliseconds: LIMIT_MILLISECONDS,
      ...(stdin === undefined ? {} : { stdin }),
    });
  const mustCompose: Stack["mustCompose"] = async (args) => {
    const outcome = await compose(args);
    if (outcome.code !== 0) {
      const log = await compose(["logs", "--no-color", "--tail=30"]);
      throw new Error(`docker-compose ${args.join(" ")}\n${outcome.text}\n${log.text}`);
    }
    return outcome.stdout;
  };
  workspace.onClose(() => compose(["down", "--volumes", "--timeout", "2"]));
  const dw: Stack["dw"] = (args, stdin) =>
    compose(["exec", "-T", "dockwarden", "dw", ...args], stdin);
  const inspect: Stack["inspect"] = async (service, format) => {
    const container = (await mustCompose(["ps", "--quiet", service])).trim();
    return (await place.engine.mustDocker(["inspect", "--format", format, container])).trim();
  };
  const waitUntilHealthy: Stack["waitUntilHealthy"] = async (services = SERVICES) => {
    for (const service of services) {
      const isHealthy = async (): Promise<boolean> =>
        (await inspect(service, "{{.State.Health.Status}}")) === "healthy";
      await waitUntil(`${project}'s ${service} to be healthy`, isHealthy, 60_000);
    }
  };
  return {
    folder,
    compose,
    mustCompose,
    dw,
    inspect,
    waitUntilHealthy,
    waitUntilLogged: (service, text) => {
      const isLogged = async (): Promise<boolean> =>
        (await compose(["logs", "--no-color", service])).text.includes(text);
      return waitUntil(`${service} to log: ${text}`, isLogged, 50_000);
    },
    async configure(settings) {
      const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`);
      await writeFile(join(folder, ".env"), lines.join(""));
    },
    async up(...args) {
      await mustCompose([...args, "up", "--detach"]);
      await waitUntilHealthy();
    },
    async mustDw(args, stdin) {
      const outcome = await dw(args, stdin);
      expectDone(outcome);
      return outcome.stdout;
    },
  };
}
