// An image of several layers that can't be compressed away, written by hand as an OCI layout.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeTar } from "../../src/demo/tiny-image.js";

const MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json";

/** Writes it into a folder that is there, tagged `latest`: `skopeo copy oci:FOLDER:latest …` pushes it. */
export function writeLayeredLayout(folder: string, layers: number, layerBytes: number): void {
  mkdirSync(join(folder, "blobs", "sha256"), { recursive: true });
  const put = (mediaType: string, bytes: Buffer) => {
    const hex = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(folder, "blobs", "sha256", hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const parts = Array.from({ length: layers }, (_, index) =>
    put(
      "application/vnd.oci.image.layer.v1.tar",
      makeTar({ [`part-${index}`]: randomBytes(layerBytes) }),
    ),
  );
  const config = put(
    "application/vnd.oci.image.config.v1+json",
    json({
      architecture: process.arch === "x64" ? "amd64" : process.arch,
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: parts.map(({ digest }) => digest) },
    }),
  );
  const manifest = put(
    MANIFEST_TYPE,
    json({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers: parts }),
  );
  const annotations = { "org.opencontainers.image.ref.name": "latest" };
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] };
  writeFileSync(join(folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  writeFileSync(join(folder, "index.json"), JSON.stringify(index));
}
