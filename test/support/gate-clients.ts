// The clients of REGISTRY-FACTS §2 as people behind one door: each pulls and pushes by its own command line.
import { join } from "node:path";
import { writeFileSync, mkdirSync } from "node:fs";
import { createHash } from "node:crypto";
import { makeTar } from "../../src/demo/tiny-image.js";
import { openPodman, openSkopeo, startContainerd, writeLayer, writeOciArchive } from "./clients.js";
import { startDockerEngine } from "./docker-engine.js";
import { expectDone } from "./outcome.js";
import type { Outcome } from "./process.js";
import { passwordOf } from "./spawn-server.js";
import type { Workspace } from "./workspace.js";

/** `nobody` is not signed in. */
export interface GateClient {
  readonly name: string;
  /** Forgets what it has of the image first. `REPOSITORY:TAG` or `REPOSITORY@DIGEST`. */
  pull(person: string, image: string): Promise<Outcome>;
  push(person: string, image: string, content: string): Promise<Outcome>;
  /** Whether the person reads the reason of a 403 (REGISTRY-FACTS §2.10, §4.3). */
  readonly showsReasons: boolean;
}

interface Ground {
  readonly workspace: Workspace;
  /** `localhost:PORT`. */
  readonly host: string;
}

export async function skopeoClient({ workspace, host }: Ground): Promise<GateClient> {
  const people = new Map<string, Awaited<ReturnType<typeof openSkopeo>>>();
  const as = async (person: string) => {
    const known = people.get(person);
    if (known !== undefined) return known;
    const made = await openSkopeo(workspace, person);
    if (person !== "nobody") expectDone(await made.login(host, person, passwordOf(person)));
    people.set(person, made);
    return made;
  };
  return {
    name: "skopeo",
    showsReasons: true,
    pull: async (person, image) => (await as(person)).pull(`${host}/${image}`),
    push: async (person, image, content) => (await as(person)).push(`${host}/${image}`, content),
  };
}

export async function podmanClient({ workspace, host }: Ground): Promise<GateClient> {
  const people = new Map<string, Awaited<ReturnType<typeof openPodman>>>();
  const as = async (person: string) => {
    const known = people.get(person);
    if (known !== undefined) return known;
    const made = await openPodman(workspace, person);
    if (person !== "nobody") {
      const login = ["login", "--tls-verify=false", "--username", person, "--password-stdin", host];
      expectDone(await made(login, passwordOf(person)));
    }
    people.set(person, made);
    return made;
  };
  return {
    name: "podman",
    showsReasons: true,
    pull: async (person, image) => {
      const podman = await as(person);
      await podman(["rmi", "--force", `${host}/${image}`]);
      return podman(["pull", "--tls-verify=false", `${host}/${image}`]);
    },
    push: async (person, image, content) => {
      const podman = await as(person);
      const layer = await writeLayer(workspace, content);
      expectDone(await podman(["import", layer, `${host}/${image}`]));
      return podman(["push", "--tls-verify=false", `${host}/${image}`]);
    },
  };
}

export async function dockerClient({ workspace, host }: Ground): Promise<GateClient> {
  const engine = await startDockerEngine(workspace, host);
  const signedIn = new Set<string>(["nobody"]);
  const as = async (name: string) => {
    const person = await engine.person(name);
    if (!signedIn.has(name)) expectDone(await person.login(host, name, passwordOf(name)));
    signedIn.add(name);
    return person;
  };
  return {
    name: "docker",
    showsReasons: true,
    pull: async (person, image) => {
      const who = await as(person);
      await who.docker(["image", "rm", "--force", `${host}/${image}`]);
      return who.docker(["pull", `${host}/${image}`]);
    },
    push: async (person, image, content) => {
      const who = await as(person);
      await engine.importImage(`${host}/${image}`, content);
      return who.docker(["push", `${host}/${image}`]);
    },
  };
}

export async function ctrClient({ workspace, host }: Ground): Promise<GateClient> {
  const ctr = await startContainerd(workspace);
  const credentials = (person: string): string[] =>
    person === "nobody" ? [] : ["--user", `${person}:${passwordOf(person)}`];
  return {
    name: "ctr",
    // It prints the status alone.
    showsReasons: false,
    pull: async (person, image) => {
      await ctr(["images", "rm", "--sync", `${host}/${image}`]);
      const options = ["--plain-http", "--snapshotter=native", ...credentials(person)];
      return ctr(["images", "pull", ...options, `${host}/${image}`]);
    },
    push: async (person, image, content) => {
      const archive = await writeOciArchive(workspace, content);
      const base = `${host}/imported-${content}`;
      const options = ["--snapshotter=native", "--no-unpack", `--base-name=${base}`];
      expectDone(await ctr(["images", "import", ...options, archive]));
      await ctr(["images", "rm", `${host}/${image}`]);
      expectDone(await ctr(["images", "tag", `${base}:latest`, `${host}/${image}`]));
      return ctr(["images", "push", "--plain-http", ...credentials(person), `${host}/${image}`]);
    },
  };
}

/**
 * Writes an OCI layout whose `latest` is an index of two platforms, this machine's and another; answers the folder.
 * `skopeo copy --all oci:FOLDER:latest …` pushes it whole.
 */
export async function writeIndexLayout(workspace: Workspace, content: string): Promise<string> {
  const folder = await workspace.subfolder(`index-${content}`);
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  const put = (bytes: Buffer): { readonly digest: string; readonly size: number } => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, "blobs", "sha256", hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const manifests = ["amd64", "arm64"].map((architecture) => {
    const layer = put(makeTar({ "hello.txt": `${content} on ${architecture}` }));
    const rootfs = { type: "layers", diff_ids: [layer.digest] };
    const config = put(json({ architecture, os: "linux", config: {}, rootfs }));
    const manifest = put(
      json({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
        layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar", ...layer }],
      }),
    );
    const platform = { architecture, os: "linux" };
    return { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest, platform };
  });
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const index = put(json({ schemaVersion: 2, mediaType, manifests }));
  const entry = {
    mediaType,
    ...index,
    annotations: { "org.opencontainers.image.ref.name": "latest" },
  };
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [entry] }),
  );
  return folder;
}
