// Pushes and pulls over slow lines, with four clients at once, of layers that take longer than a token lives.
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openBuildah, openSkopeo, startContainerd, type Skopeo } from "../support/clients.js";
import { expectDone } from "../support/outcome.js";
import type { Outcome } from "../support/process.js";
import { makeOciLayout, makeTar, writeOciLayout } from "../../src/demo/tiny-image.js";
import { addPeople, login, PASSWORD, PORT_OF_LARGE, type ContainerSite } from "./site.js";
import { startSlowRelay } from "./slow-relay.js";

const LAYER_BYTES = 48 * 1024 * 1024;
const BYTES_PER_SECOND = 256 * 1024;
/** The least that a layer takes: 192 seconds by those numbers, less what the line holds in its buffers. */
export const LEAST_SECONDS = 180;
/** The registry takes a token for a minute more than this. */
export const TOKEN_SECONDS = 60;
const SLOW = { limitMilliseconds: 420_000 };

/** One client's half of the test. */
interface Client {
  readonly name: string;
  /** The tag it pushes. */
  readonly tag: string;
  readonly push: () => Promise<Outcome>;
  readonly pull: () => Promise<Outcome>;
  /** What the client says it has after the pull; holds the layer's digest. */
  readonly showPulled: () => Promise<Outcome>;
}

export interface LargeTransfers {
  /** `docker push` and so on → the seconds it took. Throws what the first that failed has printed. */
  readonly seconds: Promise<ReadonlyMap<string, number>>;
  readonly clients: readonly Client[];
  /** Tag → sha256 of the file in the image. */
  readonly files: ReadonlyMap<string, string>;
  /** sha256 of the layer that all pull, not compressed: its `diff_id`. */
  readonly pulledLayer: string;
  /** The most that lay in the door's memory meanwhile, in kilobytes; NaN when it could not be watched. */
  doorKilobytes(): number;
  /** A person with a fast line, to look at what has arrived. */
  readonly fast: Skopeo;
  /** The registry as `fast` reaches it. */
  readonly host: string;
}

/** Starts everything in the background, beside the other tests: those leave the second project alone. */
export async function startLargeTransfers(site: ContainerSite): Promise<LargeTransfers> {
  const { workspace, machines, large } = site;
  await large.configure({
    DOOR_BIND: "0.0.0.0",
    REGISTRY_PORT: String(PORT_OF_LARGE),
    TOKEN_TTL_SECONDS: String(TOKEN_SECONDS),
  });
  await large.up();
  await addPeople(large);
  const host = `${machines.serverAddress}:${PORT_OF_LARGE}`;
  const fast = await openSkopeo(workspace, "fast");
  expectDone(await fast.login(host, "developer", PASSWORD));

  const files = new Map<string, string>();
  const makeContent = (tag: string): Buffer => {
    const content = randomBytes(LAYER_BYTES);
    files.set(tag, sha256(content));
    return content;
  };
  const content = makeContent("pulled");
  const layout = await workspace.subfolder("large-pulled");
  writeOciLayout(layout, content);
  const target = `docker://${host}/team/app:pulled`;
  expectDone(
    await fast.skopeo(["copy", "--dest-tls-verify=false", `oci:${layout}:latest`, target]),
  );

  const clients = [
    await addDocker(site, makeContent),
    await addSkopeo(site, makeContent),
    await addBuildah(site, makeContent),
    await addCtr(site, makeContent),
  ];
  const watch = { isOver: false, kilobytes: 0 };
  const seconds = Promise.all(
    clients.flatMap(({ name, push, pull }) => [
      measure(`${name} push`, push),
      measure(`${name} pull`, pull),
    ]),
  )
    .then((entries) => new Map(entries))
    .finally(() => {
      watch.isOver = true;
    });
  // The test that waits for it comes much later; until then a failure is nobody's.
  seconds.catch(() => undefined);
  void watchDoor(site, watch);
  return {
    seconds,
    clients,
    files,
    pulledLayer: sha256(makeTar({ "hello.txt": content })),
    doorKilobytes: () => watch.kilobytes,
    fast,
    host,
  };
}

async function measure(name: string, act: () => Promise<Outcome>): Promise<[string, number]> {
  const begin = performance.now();
  const outcome = await act();
  if (outcome.code !== 0) throw new Error(`${name}: exit code ${outcome.code}\n${outcome.text}`);
  return [name, (performance.now() - begin) / 1000];
}

/** A file that was removed and is still written to counts as well. */
async function watchDoor(
  { large }: ContainerSite,
  watch: { isOver: boolean; kilobytes: number },
): Promise<void> {
  while (!watch.isOver) {
    const args = ["exec", "-T", "door", "df", "-k", "--output=used", "/tmp"];
    const { stdout } = await large.compose(args);
    watch.kilobytes = Math.max(watch.kilobytes, Number(stdout.trim().split("\n").at(-1)));
  }
}

type MakeContent = (tag: string) => Buffer;

/** A slow line of its own; answers its end on this machine, as it stands before an image's name. */
async function openLine({ workspace, machines }: ContainerSite): Promise<string> {
  const target = { host: machines.serverAddress, port: PORT_OF_LARGE };
  const relay = await startSlowRelay(workspace, machines.ownAddress, target, BYTES_PER_SECOND);
  return `${machines.ownAddress}:${relay.port}`;
}

async function addDocker(site: ContainerSite, makeContent: MakeContent): Promise<Client> {
  const { workspace, engine } = site;
  const [up, down] = [await openLine(site), await openLine(site)];
  const layer = join(workspace.folder, "large-docker.tar");
  await writeFile(layer, makeTar({ "hello.txt": makeContent("docker") }));
  await engine.mustDocker(["import", layer, `${up}/team/app:docker`]);
  for (const host of [up, down]) await login(engine, host, "developer");
  const docker = (...args: string[]): Promise<Outcome> => engine.docker("developer", args, SLOW);
  const pulled = `${down}/team/app:pulled`;
  return {
    name: "docker",
    tag: "docker",
    push: () => docker("push", `${up}/team/app:docker`),
    pull: () => docker("pull", pulled),
    showPulled: () => docker("image", "inspect", "--format={{.RootFS.Layers}}", pulled),
  };
}

async function addSkopeo(site: ContainerSite, makeContent: MakeContent): Promise<Client> {
  const { workspace } = site;
  const [up, down] = [await openLine(site), await openLine(site)];
  const folder = await workspace.subfolder("large-skopeo");
  writeOciLayout(folder, makeContent("skopeo"));
  const pulled = await workspace.subfolder("large-skopeo-pulled");
  const slow = await openSkopeo(workspace, "slow", SLOW);
  for (const host of [up, down]) expectDone(await slow.login(host, "developer", PASSWORD));
  const from = ["--src-tls-verify=false", `docker://${down}/team/app:pulled`];
  const to = ["--dest-tls-verify=false", `oci:${folder}:latest`, `docker://${up}/team/app:skopeo`];
  return {
    name: "skopeo",
    tag: "skopeo",
    push: () => slow.skopeo(["copy", ...to]),
    pull: () => slow.skopeo(["copy", ...from, `oci:${pulled}:latest`]),
    showPulled: () => slow.skopeo(["inspect", "--config", `oci:${pulled}:latest`]),
  };
}

async function addBuildah(site: ContainerSite, makeContent: MakeContent): Promise<Client> {
  const { workspace } = site;
  const [up, down] = [await openLine(site), await openLine(site)];
  const layer = join(workspace.folder, "large-buildah.tar");
  await writeFile(layer, makeTar({ "hello.txt": makeContent("buildah") }));
  const pusher = await openBuildah(workspace, "up", SLOW);
  const puller = await openBuildah(workspace, "down", SLOW);
  const options = ["--tls-verify=false", "--username=developer", "--password-stdin"];
  expectDone(await pusher(["login", ...options, up], PASSWORD));
  expectDone(await puller(["login", ...options, down], PASSWORD));
  const from = await pusher(["from", "scratch"]);
  expectDone(from);
  expectDone(await pusher(["add", from.stdout.trim(), layer]));
  const image = `${up}/team/app:buildah`;
  expectDone(await pusher(["commit", from.stdout.trim(), image]));
  const pulled = `${down}/team/app:pulled`;
  return {
    name: "buildah",
    tag: "buildah",
    push: () => pusher(["push", "--tls-verify=false", image]),
    pull: () => puller(["pull", "--tls-verify=false", pulled]),
    showPulled: () => puller(["inspect", "--type=image", pulled]),
  };
}

async function addCtr(site: ContainerSite, makeContent: MakeContent): Promise<Client> {
  const { workspace } = site;
  const [up, down] = [await openLine(site), await openLine(site)];
  const archive = join(workspace.folder, "large-ctr.tar");
  await writeFile(archive, makeTar(makeOciLayout(makeContent("latest"))));
  const ctr = await startContainerd(workspace, SLOW);
  const imports = ["images", "import", "--snapshotter=native", "--no-unpack"];
  expectDone(await ctr([...imports, `--base-name=${up}/team/app`, archive]));
  const options = ["--plain-http", "--user", `developer:${PASSWORD}`];
  const pull = ["images", "pull", "--snapshotter=native", ...options];
  return {
    name: "ctr",
    tag: "latest",
    push: () => ctr(["images", "push", ...options, `${up}/team/app:latest`]),
    pull: () => ctr([...pull, `${down}/team/app:pulled`]),
    // The native snapshotter names a layer that it has unpacked by its diff_id.
    showPulled: () => ctr(["snapshots", "--snapshotter=native", "list"]),
  };
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
