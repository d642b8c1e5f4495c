// Images of one small file, made without any tool, so that they take no time to push.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

const BLOCK = 512;

export interface ArchiveFile {
  readonly name: string;
  readonly content: string | Buffer;
}

/** A ustar archive of small files; another content is another digest. */
export function makeTar(files: readonly ArchiveFile[]): Buffer {
  return Buffer.concat([...files.map(describeFile), Buffer.alloc(2 * BLOCK)]);
}

/**
 * The files of an OCI image layout that holds one image, tagged `latest`, with one layer of one file.
 * @param content what that file holds; another content is another layer
 */
export function makeOciLayout(content: string | Buffer): readonly ArchiveFile[] {
  const layer = blob(makeTar([{ name: "hello.txt", content }]));
  const config = jsonBlob({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: [layer.digest] },
  });
  const manifest = jsonBlob({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", config),
    layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
  });
  const entry = {
    ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
    annotations: { "org.opencontainers.image.ref.name": "latest" },
  };
  return [
    { name: "oci-layout", content: JSON.stringify({ imageLayoutVersion: "1.0.0" }) },
    { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests: [entry] }) },
    ...[layer, config, manifest].map((item) => ({
      name: `blobs/sha256/${item.digest.slice("sha256:".length)}`,
      content: item.bytes,
    })),
  ];
}

/** Writes an OCI layout as a folder; `skopeo copy oci:FOLDER:latest …` reads it. */
export async function writeOciLayout(folder: string, content: string | Buffer): Promise<void> {
  await mkdir(join(folder, "blobs", "sha256"), { recursive: true });
  for (const file of makeOciLayout(content)) await writeFile(join(folder, file.name), file.content);
}

interface Blob {
  readonly digest: string;
  readonly bytes: Buffer;
}

function blob(bytes: Buffer): Blob {
  return { digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`, bytes };
}

function jsonBlob(value: unknown): Blob {
  return blob(Buffer.from(JSON.stringify(value)));
}

function descriptor(
  mediaType: string,
  item: Blob,
): { readonly mediaType: string; readonly digest: string; readonly size: number } {
  return { mediaType, digest: item.digest, size: item.bytes.length };
}

function describeFile(file: ArchiveFile): Buffer {
  const body = Buffer.from(file.content);
  const header = Buffer.alloc(BLOCK);
  header.write(file.name, 0);
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
