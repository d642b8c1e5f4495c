// What the stack costs a pull: a large image through door, gate and token server against the same from a bare registry, in one run.
import "./own-rings.js";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openSkopeo, type Skopeo } from "../test/support/clients.js";
import { openGateSite } from "../test/support/gate-door.js";
import { findFreePort } from "../test/support/free-port.js";
import { startDaemon, waitUntilReady, type Outcome } from "../test/support/process.js";
import { addUser, ADMIN_NAME, passwordOf } from "../test/support/spawn-server.js";
import type { Workspace } from "../test/support/workspace.js";

const MEGABYTES = Number(process.argv[2] ?? 512);
const ROUNDS = Number(process.argv[3] ?? 5);
const LAYERS = 8;
const MEGABYTE = 1_048_576;
const IMAGE = "telechat:7b-fp16";

function must(outcome: Outcome): void {
  if (outcome.code !== 0) throw new Error(outcome.text);
}

/** An OCI layout whose layers can't be compressed; answers its folder. */
async function writeLargeLayout(workspace: Workspace): Promise<string> {
  const folder = await workspace.subfolder("large");
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  const put = (bytes: Buffer): { readonly digest: string; readonly size: number } => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, "blobs", "sha256", hex), bytes);
    return { digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const type = (word: string): string => `application/vnd.oci.image.${word}`;
  const layers = Array.from({ length: LAYERS }, () =>
    put(randomBytes(Math.round((MEGABYTES / LAYERS) * MEGABYTE))),
  );
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const config = put(json({ architecture: "amd64", os: "linux", config: {}, rootfs }));
  const manifest = put(
    json({
      schemaVersion: 2,
      mediaType: type("manifest.v1+json"),
      config: { mediaType: type("config.v1+json"), ...config },
      layers: layers.map((layer) => ({ mediaType: type("layer.v1.tar+gzip"), ...layer })),
    }),
  );
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  const entry = { mediaType: type("manifest.v1+json"), ...manifest, annotations };
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [entry] }),
  );
  return folder;
}

/** A registry that asks nobody; answers `localhost:PORT`. */
async function startBareRegistry(workspace: Workspace): Promise<string> {
  const port = await findFreePort();
  const folder = await workspace.subfolder("bare");
  const configFile = join(folder, "config.yml");
  const storage = `{ filesystem: { rootdirectory: ${join(folder, "storage")} } }`;
  const lines = ["version: 0.1", "log: { level: warn }", `storage: ${storage}`];
  writeFileSync(configFile, [...lines, `http: { addr: "127.0.0.1:${port}" }`, ""].join("\n"));
  const daemon = await startDaemon("docker-registry", ["serve", configFile], {
    env: { PATH: process.env["PATH"] ?? "" },
    logFile: join(folder, "registry.log"),
  });
  workspace.onClose(() => daemon.stop());
  await waitUntilReady(daemon, "The bare registry", async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
    return answer.status === 200;
  });
  return `localhost:${port}`;
}

async function timePull(person: Skopeo, workspace: Workspace, reference: string): Promise<number> {
  const target = join(workspace.folder, "pulled");
  const began = process.hrtime.bigint();
  const copy = ["copy", "--src-tls-verify=false", `docker://${reference}`, `dir:${target}`];
  must(await person.skopeo(copy));
  const seconds = Number(process.hrtime.bigint() - began) / 1e9;
  rmSync(target, { recursive: true, force: true });
  return seconds;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;

const site = await openGateSite();
try {
  const { workspace, server, door } = site;
  await addUser(server, "developer", "view,pull");
  await server.mustCli(["image", "register", IMAGE, "--users", "developer"]);
  const bareHost = await startBareRegistry(workspace);
  const layout = await writeLargeLayout(workspace);
  const patience = { limitMilliseconds: 600_000 };
  const admin = await openSkopeo(workspace, ADMIN_NAME, patience);
  const developer = await openSkopeo(workspace, "developer", patience);
  must(await admin.login(door.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
  must(await developer.login(door.host, "developer", passwordOf("developer")));
  for (const host of [door.host, bareHost]) {
    const target = `docker://${host}/${IMAGE}`;
    must(await admin.skopeo(["copy", "--dest-tls-verify=false", `oci:${layout}:latest`, target]));
  }
  const times = { bare: [] as number[], stack: [] as number[] };
  for (let round = -1; round < ROUNDS; round += 1) {
    const bare = await timePull(developer, workspace, `${bareHost}/${IMAGE}`);
    const stack = await timePull(developer, workspace, `${door.host}/${IMAGE}`);
    if (round < 0) continue;
    times.bare.push(bare);
    times.stack.push(stack);
  }
  const [bare, stack] = [median(times.bare), median(times.stack)];
  const list = (values: readonly number[]): string => values.map((s) => s.toFixed(2)).join(" ");
  process.stdout.write(
    [
      `one image of ${MEGABYTES} MB in ${LAYERS} layers, pulled ${ROUNDS} times each way by skopeo, in turns`,
      `registry without auth       median ${bare.toFixed(2)} s   (${list(times.bare)})`,
      `door, gate, token, registry median ${stack.toFixed(2)} s   (${list(times.stack)})`,
      `ratio ${(stack / bare).toFixed(3)}`,
      "",
    ].join("\n"),
  );
} finally {
  await site.close();
}
