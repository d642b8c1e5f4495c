// Images of one small file, made by hand: no network, no build, no time to push.
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BLOCK = 512;
const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Path → content. */
export type Files = Readonly<Record<string, string | Buffer>>;

/** A ustar archive of small files; another content is another digest. */
export function makeTar(files: Files): Buffer {
  const entries = Object.entries(files).map(([name, content]) =>
    describeFile(name, Buffer.from(content)),
  );
  return Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]);
}

/** The files of an OCI image layout that holds one image, tagged `latest`, with one layer: `hello.txt` with `content`. */
export function makeOciLayout(content: string | Buffer): Files {
  const layer = blob(makeTar({ "hello.txt": content }));
  const config = jsonBlob({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: MANIFEST_TYPE,
    config: describe("application/vnd.oci.image.config.v1+json", config),
    layers: [describe("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const entry = {
    ...describe(MANIFEST_TYPE, manifest),
    annotations: { "org.opencontainers.image.ref.name": "latest" },
  };
  const blobs = [layer, config, manifest].map(
    ({ digest, bytes }) => [`blobs/sha256/${digest.slice("sha256:".length)}`, bytes] as const,
  );
  return {
    "oci-layout": JSON.stringify({ imageLayoutVersion: "1.0.0" }),
    "index.json": JSON.stringify({ schemaVersion: 2, manifests: [entry] }),
    ...Object.fromEntries(blobs),
  };
}

/** Writes it as a folder; `skopeo copy oci:FOLDER:latest …` reads it. */
export function writeOciLayout(folder: string, content: string | Buffer): void {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  for (const [name, bytes] of Object.entries(makeOciLayout(content))) {
    writeFileSync(join(folder, name), bytes);
  }
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

function blob(bytes: Buffer): Blob {
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, bytes };
}

const jsonBlob = (value: unknown): Blob => blob(Buffer.from(JSON.stringify(value)));

const describe = (mediaType: string, { digest, bytes }: Blob): Record<string, unknown> => ({
  mediaType,
  digest,
  size: bytes.length,
});

function describeFile(name: string, body: Buffer): Buffer {
  const header = Buffer.alloc(BLOCK);
  header.write(name, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}
