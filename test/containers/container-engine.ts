// A Docker engine on one of the test's machines, networks and published ports included.
import { join } from "node:path";
import { expectDone } from "../support/outcome.js";
import { waitUntilReady, type Outcome, type RunOptions } from "../support/process.js";
import type { Workspace } from "../support/workspace.js";
import type { Machine } from "./machines.js";

export type DockerOptions = Pick<RunOptions, "stdin" | "limitMilliseconds">;

export interface ContainerEngine {
  /** For DOCKER_HOST. */
  readonly socket: string;
  /** `docker ARGS` as one person, whose logins lie in a folder of her own. */
  docker(person: string, args: readonly string[], more?: DockerOptions): Promise<Outcome>;
  /** `docker ARGS` by nobody in particular; answers standard output, throws with everything when it fails. */
  mustDocker(args: readonly string[], limitMilliseconds?: number): Promise<string>;
  /** Ends it before its time. */
  stop(): Promise<unknown>;
}

/** Starts dockerd on `machine`; `workspace.close()` stops it, and with it every container. */
export async function startContainerEngine(
  workspace: Workspace,
  machine: Machine,
  options: { readonly name: string; readonly insecureRegistries: readonly string[] },
): Promise<ContainerEngine> {
  const folder = await workspace.subfolder(options.name);
  const socket = `unix://${join(folder, "sock")}`;
  const args = [
    ["--host", socket],
    ["--data-root", join(folder, "data")],
    ["--exec-root", join(folder, "exec")],
    ["--pidfile", join(folder, "pid")],
    ...options.insecureRegistries.map((range) => ["--insecure-registry", range]),
  ].flat();
  const daemon = await machine.startDaemon("dockerd", args, join(folder, "dockerd.log"));
  workspace.onClose(() => daemon.stop());
  const call = async (
    person: string,
    dockerArgs: readonly string[],
    more: DockerOptions = {},
  ): Promise<Outcome> => {
    const config = await workspace.subfolder(`${options.name}/person-${person}`);
    // NOTE: a newer command line than the engine would want its own builder, which Debian doesn't have.
    const env = { DOCKER_HOST: socket, DOCKER_CONFIG: config, DOCKER_BUILDKIT: "0" };
    return machine.run("docker", dockerArgs, { env, ...more });
  };
  await waitUntilReady(daemon, "The Docker engine", async () => {
    const answer = await call("nobody", ["version"]);
    return answer.code === 0;
  });
  return {
    socket,
    docker: call,
    stop: () => daemon.stop(),
    async mustDocker(dockerArgs, limitMilliseconds) {
      const limit = limitMilliseconds === undefined ? {} : { limitMilliseconds };
      const outcome = await call("nobody", dockerArgs, limit);
      expectDone(outcome);
      return outcome.stdout;
    },
  };
}
