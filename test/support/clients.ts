// The command lines of skopeo, podman, buildah and ctr, each with storage of its own below the test's workspace.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, startDaemon, waitUntilReady, type Outcome, type RunOptions } from "./process.js";
import { makeOciLayout, makeTar, writeOciLayout } from "../../src/demo/tiny-image.js";
import type { Workspace } from "./workspace.js";

/** Runs one program; a wrong exit code is an answer. */
export type Tool = (args: readonly string[], stdin?: string) => Promise<Outcome>;

/** How long one command may take; a minute where it isn't said. */
export type Patience = Pick<RunOptions, "limitMilliseconds">;

export interface Skopeo {
  /** `skopeo ARGS` with this person's auth file. */
  readonly skopeo: Tool;
  login(host: string, account: string, password: string): Promise<Outcome>;
  /** Copies an image of one small file to `HOST/NAME:TAG`; another content is another layer. */
  push(reference: string, content: string): Promise<Outcome>;
  /** Copies `HOST/NAME:TAG` with all its layers into a folder. */
  pull(reference: string): Promise<Outcome>;
}

/** One person with skopeo; the same name is the same auth file. Nobody is logged in at first. */
export async function openSkopeo(
  workspace: Workspace,
  person: string,
  patience: Patience = {},
): Promise<Skopeo> {
  const home = await workspace.subfolder(`skopeo-${person}`);
  const env = { ...baseEnvironment(home), REGISTRY_AUTH_FILE: join(home, "auth.json") };
  const skopeo: Tool = (args, stdin) =>
    run("skopeo", args, { env, ...patience, ...(stdin === undefined ? {} : { stdin }) });
  let copies = 0;
  const nextFolder = (): Promise<string> => {
    copies += 1;
    return workspace.subfolder(`skopeo-${person}/copy-${copies}`);
  };
  return {
    skopeo,
    login: (host, account, password) =>
      skopeo(
        ["login", "--tls-verify=false", "--username", account, "--password-stdin", host],
        password,
      ),
    async push(reference, content) {
      const layout = await nextFolder();
      writeOciLayout(layout, content);
      const target = `docker://${reference}`;
      return skopeo(["copy", "--dest-tls-verify=false", `oci:${layout}:latest`, target]);
    },
    async pull(reference) {
      const folder = await nextFolder();
      return skopeo(["copy", "--src-tls-verify=false", `docker://${reference}`, `dir:${folder}`]);
    },
  };
}

/** podman as root, without a system configuration of its own; images live in the workspace. */
export async function openPodman(workspace: Workspace, person: string): Promise<Tool> {
  const home = await workspace.subfolder(`podman-${person}`);
  const env = { ...baseEnvironment(home), REGISTRY_AUTH_FILE: await writeAuthFile(home) };
  const storage = [
    ["--root", join(home, "root"), "--runroot", join(home, "run"), "--tmpdir", join(home, "tmp")],
    ["--storage-driver=vfs", "--cgroup-manager=cgroupfs", "--events-backend=file"],
  ].flat();
  return (args, stdin) =>
    run("podman", [...storage, ...args], { env, ...(stdin === undefined ? {} : { stdin }) });
}

/** buildah as root; images live in the workspace. */
export async function openBuildah(
  workspace: Workspace,
  person: string,
  patience: Patience = {},
): Promise<Tool> {
  const home = await workspace.subfolder(`buildah-${person}`);
  const env = {
    ...baseEnvironment(home),
    REGISTRY_AUTH_FILE: await writeAuthFile(home),
    BUILDAH_ISOLATION: "chroot",
  };
  const storage = ["--root", join(home, "root"), "--runroot", join(home, "run")];
  return (args, stdin) =>
    run("buildah", [...storage, "--storage-driver=vfs", ...args], {
      env,
      ...patience,
      ...(stdin === undefined ? {} : { stdin }),
    });
}

/**
 * Starts a containerd of the test's own and answers its `ctr`; `workspace.close()` stops it.
 * @throws with containerd's log when it doesn't answer.
 */
export async function startContainerd(
  workspace: Workspace,
  patience: Patience = {},
): Promise<Tool> {
  const folder = await workspace.subfolder("containerd");
  const env = baseEnvironment(folder);
  const socket = join(folder, "sock");
  const config = join(folder, "config.toml");
  await writeFile(config, describeContainerd(folder, socket));
  const daemon = await startDaemon("containerd", ["--config", config], {
    env,
    logFile: join(folder, "containerd.log"),
  });
  workspace.onClose(() => daemon.stop());
  const ctr: Tool = (args, stdin) =>
    run("ctr", ["--address", socket, ...args], {
      env,
      ...patience,
      ...(stdin === undefined ? {} : { stdin }),
    });
  await waitUntilReady(daemon, "containerd", async () => {
    const answer = await ctr(["version"]);
    return answer.code === 0;
  });
  return ctr;
}

/** Writes a tar archive of one small file, for `podman import` and `buildah add`; answers its path. */
export async function writeLayer(workspace: Workspace, content: string): Promise<string> {
  const path = join(workspace.folder, `layer-${content}.tar`);
  await writeFile(path, makeTar({ "hello.txt": content }));
  return path;
}

/** Writes an image as one archive, tagged `latest`, for `ctr images import`; answers its path. */
export async function writeOciArchive(workspace: Workspace, content: string): Promise<string> {
  const path = join(workspace.folder, `image-${content}.tar`);
  await writeFile(path, makeTar(makeOciLayout(content)));
  return path;
}

/** podman refuses to start when the file that is named doesn't exist. */
async function writeAuthFile(home: string): Promise<string> {
  const path = join(home, "auth.json");
  await writeFile(path, "{}", { mode: 0o600 });
  return path;
}

function baseEnvironment(home: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "", HOME: home, XDG_RUNTIME_DIR: home, TMPDIR: home };
}

/** Only what pulling and pushing need: no CRI, no network plugins, and nothing outside the folder. */
function describeContainerd(folder: string, socket: string): string {
  const disabled = [
    "io.containerd.grpc.v1.cri",
    "io.containerd.internal.v1.opt",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.overlayfs",
    "io.containerd.snapshotter.v1.zfs",
  ];
  return `version = 2
root = "${join(folder, "root")}"
state = "${join(folder, "state")}"
disabled_plugins = ${JSON.stringify(disabled)}
[grpc]
  address = "${socket}"
`;
}
