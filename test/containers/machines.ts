// Two machines for the container tests, each a network namespace: the server, where the stack runs, and a laptop beside it.
// Ports and firewall rules there are theirs alone, and vanish with them.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expectDone } from "../support/outcome.js";
import {
  run,
  startDaemon,
  type Daemon,
  type Outcome,
  type RunOptions,
} from "../support/process.js";
import type { Workspace } from "../support/workspace.js";

/** The name by which the laptop knows the server. */
export const SERVER_NAME = "registry.lab";

/** Runs the rest of the command line with a hosts file and places for trusted certificates of its own. */
const WITH_OWN_FILES = `
mkdir -p /etc/docker /etc/containers/certs.d /etc/containerd
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/docker" /etc/docker
mount --bind "$1/containers" /etc/containers/certs.d
mount --bind "$1/containerd" /etc/containerd
shift
exec "$@"`;

export interface Machine {
  run(program: string, args: readonly string[], options?: Partial<RunOptions>): Promise<Outcome>;
  startDaemon(program: string, args: readonly string[], logFile: string): Promise<Daemon>;
}

export interface Machines {
  readonly server: Machine;
  readonly laptop: Machine;
  /** The server's address as this process and the laptop reach it. */
  readonly serverAddress: string;
  /** The laptop's address as the server sees it. */
  readonly laptopAddress: string;
  /** This process's own address as the server reaches it. */
  readonly ownAddress: string;
}

/** Makes both; `workspace.close()` takes them away. Needs root. */
export async function openMachines(workspace: Workspace): Promise<Machines> {
  const id = `dw${process.pid}`;
  const net = `10.213.${process.pid % 250}`;
  const serverAddress = `${net}.2`;
  const laptopSide = `${net}.5`;
  const ip = async (...args: string[]): Promise<void> => {
    expectDone(await run("ip", args, { env: ownEnvironment() }));
  };
  for (const name of [`${id}s`, `${id}l`]) {
    await ip("netns", "add", name);
    workspace.onClose(() => ip("netns", "delete", name));
    await ip("-n", name, "link", "set", "lo", "up");
    // As on a machine that was just installed; Docker turns it on, and then forwards nothing that it wasn't asked to.
    await ip("netns", "exec", name, "sh", "-c", "echo 0 >/proc/sys/net/ipv4/ip_forward");
  }
  await ip("link", "add", `${id}a`, "type", "veth", "peer", "name", "up0", "netns", `${id}s`);
  await ip("address", "add", `${net}.1/30`, "dev", `${id}a`);
  await ip("link", "set", `${id}a`, "up");
  await ip("-n", `${id}s`, "address", "add", `${serverAddress}/30`, "dev", "up0");
  await ip("-n", `${id}s`, "link", "set", "up0", "up");
  await ip("-n", `${id}s`, "route", "add", "default", "via", `${net}.1`);
  await ip(
    "-n",
    `${id}s`,
    "link",
    "add",
    "lan0",
    "type",
    "veth",
    "peer",
    "name",
    "lan0",
    "netns",
    `${id}l`,
  );
  await ip("-n", `${id}s`, "address", "add", `${laptopSide}/30`, "dev", "lan0");
  await ip("-n", `${id}s`, "link", "set", "lan0", "up");
  await ip("-n", `${id}l`, "address", "add", `${net}.6/30`, "dev", "lan0");
  await ip("-n", `${id}l`, "link", "set", "lan0", "up");
  // Whatever the laptop looks for, it asks the server's machine: that is how it would find a container's address.
  await ip("-n", `${id}l`, "route", "add", "default", "via", laptopSide);
  return {
    server: await makeMachine(workspace, `${id}s`, serverAddress),
    laptop: await makeMachine(workspace, `${id}l`, serverAddress),
    serverAddress,
    laptopAddress: `${net}.6`,
    ownAddress: `${net}.1`,
  };
}

/** The least that programs need to run here. */
export function ownEnvironment(): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "/root" };
}

async function makeMachine(
  workspace: Workspace,
  name: string,
  serverAddress: string,
): Promise<Machine> {
  const home = await workspace.subfolder(`machine-${name}`);
  const etc = await workspace.subfolder(`machine-${name}/etc`);
  for (const part of ["docker", "containers", "containerd"])
    await workspace.subfolder(`machine-${name}/etc/${part}`);
  const hosts = `127.0.0.1 localhost\n${serverAddress} ${SERVER_NAME}\n`;
  await writeFile(join(etc, "hosts"), hosts, { mode: 0o644 });
  const env = { ...ownEnvironment(), HOME: home, XDG_RUNTIME_DIR: home };
  const inside = (program: string, args: readonly string[]): string[] =>
    [
      [`--net=/run/netns/${name}`, "unshare", "--mount"],
      ["sh", "-e", "-c", WITH_OWN_FILES, "sh", etc, program, ...args],
    ].flat();
  return {
    run: (program, args, options = {}) =>
      run("nsenter", inside(program, args), { ...options, env: { ...env, ...options.env } }),
    startDaemon: (program, args, logFile) =>
      startDaemon("nsenter", inside(program, args), { env, logFile }),
  };
}
