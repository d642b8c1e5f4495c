// Layers that take longer than a token lives, in both directions at once: all arrive, and come back the same.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { expectDone } from "../../support/outcome.js";
import { LEAST_SECONDS, TOKEN_SECONDS, type LargeTransfers } from "../large-transfers.js";
import type { ContainerSite } from "../site.js";

/** The door's own configuration, and nothing of a layer. */
const DOOR_KILOBYTES = 256;
const BLOCK = 512;

export function testLarge(useSite: () => ContainerSite, useTransfers: () => LargeTransfers): void {
  describe("layers that take longer than a token lives", () => {
    test("arrive with docker, ctr, skopeo and buildah, whether pushed or pulled", async () => {
      const seconds = await useTransfers().seconds;
      expect([...seconds.keys()].sort()).toEqual([
        "buildah pull",
        "buildah push",
        "ctr pull",
        "ctr push",
        "docker pull",
        "docker push",
        "skopeo pull",
        "skopeo push",
      ]);
      expect(LEAST_SECONDS).toBeGreaterThan(2 * TOKEN_SECONDS);
      const quick = [...seconds].filter(([, took]) => took < LEAST_SECONDS);
      expect(quick).toEqual([]);
    }, 600_000);

    test("pushed, they come back the same, byte by byte", async () => {
      const { workspace } = useSite();
      const { clients, files, fast, host } = useTransfers();
      for (const { tag, name } of clients) {
        const folder = await workspace.subfolder(`back-${tag}`);
        const from = ["--src-tls-verify=false", `docker://${host}/team/app:${tag}`];
        expectDone(await fast.skopeo(["copy", ...from, `dir:${folder}`]));
        expect([name, await hashFileInLayer(folder)]).toEqual([name, files.get(tag)]);
      }
    }, 120_000);

    test("pulled, they are what every client says it has", async () => {
      const { clients, pulledLayer } = useTransfers();
      for (const { name, showPulled } of clients) {
        const text = expectDone(await showPulled());
        if (!text.includes(`sha256:${pulledLayer}`)) throw new Error(`${name} has:\n${text}`);
      }
    });

    test("meanwhile the door wrote nothing of them down", async () => {
      const { large, engine } = useSite();
      expect(useTransfers().doorKilobytes()).toBeGreaterThan(0);
      expect(useTransfers().doorKilobytes()).toBeLessThan(DOOR_KILOBYTES);
      const container = (await large.mustCompose(["ps", "--quiet", "door"])).trim();
      // What Docker itself has made there: the points where folders are mounted.
      const changes = (await engine.mustDocker(["diff", container])).trim().split("\n").sort();
      expect(changes).toEqual(["A /door", "A /tls"]);
    });
  });
}

/** sha256 of the one file in the one layer of an image that skopeo has copied to `folder`. */
async function hashFileInLayer(folder: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
    readonly layers: readonly { readonly digest: string }[];
  };
  const [layer] = manifest.layers;
  const raw = await readFile(join(folder, layer?.digest.replace("sha256:", "") ?? ""));
  const tar = raw.readUInt16BE(0) === 0x1f8b ? gunzipSync(raw) : raw;
  let at = 0;
  while (at + BLOCK <= tar.length) {
    const size = Number.parseInt(tar.toString("latin1", at + 124, at + 135), 8);
    const name = tar.toString("latin1", at, at + 100).replace(/\0.*$/s, "");
    const body = tar.subarray(at + BLOCK, at + BLOCK + size);
    if (name.endsWith("hello.txt")) return createHash("sha256").update(body).digest("hex");
    at += BLOCK * (1 + Math.ceil(size / BLOCK));
  }
  throw new Error(`the layer in ${folder} has no hello.txt`);
}
