// A Docker engine of its own for a test file, and the docker command line of the people who use it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { run, startDaemon, waitUntilReady, type Outcome } from "./process.js";
import { makeTar } from "../../src/demo/tiny-image.js";
import type { Workspace } from "./workspace.js";

/** One person with a docker configuration of her own. */
export interface DockerPerson {
  /** Runs `docker ARGS` against the engine. */
  docker(args: readonly string[], stdin?: string): Promise<Outcome>;
  /** `docker login` with the password on standard input. */
  login(host: string, name: string, password: string): Promise<Outcome>;
  /** What docker keeps of a login: `auths` of its config.json, by host; empty where there is none. */
  kept(host: string): Promise<{ readonly auth?: string; readonly identitytoken?: string }>;
}

export interface DockerEngine {
  /** A person who has not logged in anywhere; the same name is the same person. */
  person(name: string): Promise<DockerPerson>;
  /** Makes an image of one small file; another content is another layer. */
  importImage(reference: string, content: string): Promise<void>;
  log(): string;
}

/**
 * Starts dockerd below the workspace, without networks for containers; `workspace.close()` stops it.
 * @throws with the engine's log when it doesn't answer.
 */
export async function startDockerEngine(
  workspace: Workspace,
  registryHost: string,
): Promise<DockerEngine> {
  const folder = await workspace.subfolder("docker");
  const socket = `unix://${join(folder, "sock")}`;
  const environment = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const args = [
    ["--host", socket],
    ["--data-root", join(folder, "data")],
    ["--exec-root", join(folder, "exec")],
    ["--pidfile", join(folder, "pid")],
    ["--storage-driver=vfs", "--bridge=none", "--iptables=false", "--ip6tables=false"],
    ["--insecure-registry", registryHost],
  ].flat();
  const daemon = await startDaemon("dockerd", args, {
    env: environment,
    logFile: join(folder, "dockerd.log"),
  });
  workspace.onClose(() => daemon.stop());
  const docker = (
    config: string,
    args: readonly string[],
    stdin?: string | Buffer,
  ): Promise<Outcome> =>
    run("docker", ["--host", socket, ...args], {
      env: { ...environment, DOCKER_CONFIG: config },
      ...(stdin === undefined ? {} : { stdin }),
    });
  await waitUntilReady(daemon, "The Docker engine", async () => {
    const answer = await docker(folder, ["version"]);
    return answer.code === 0;
  });
  return {
    async person(name) {
      const config = await workspace.subfolder(`docker-config-${name}`);
      return {
        docker: (args, stdin) => docker(config, args, stdin),
        async kept(host) {
          const file = join(config, "config.json");
          const text = await readFile(file, "utf8").catch(() => "{}");
          const { auths } = JSON.parse(text) as { auths?: Record<string, { auth: string }> };
          return auths?.[host] ?? {};
        },
        login: (host, account, password) =>
          docker(config, ["login", "--username", account, "--password-stdin", host], password),
      };
    },
    async importImage(reference, content) {
      const archive = makeTar({ "hello.txt": content });
      const outcome = await docker(folder, ["import", "-", reference], archive);
      if (outcome.code !== 0) throw new Error(`docker import: ${outcome.text}`);
    },
    log: () => daemon.log(),
  };
}
