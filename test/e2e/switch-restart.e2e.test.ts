// docs/switching-htpasswd.md by a restart, there and back: stored logins, what clients see meanwhile, a bundle of two authorities.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { findFreePort } from "../support/free-port.js";
import {
  describeRegistry,
  describeSchemes,
  openStoredDocker,
  openStoredPodman,
  openStoredSkopeo,
  startRegistryOf,
  writeHtpasswd,
} from "../support/htpasswd-site.js";
import { run } from "../support/process.js";
import { expectDone } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import type { Puller } from "../support/pull-loops.js";
import { spawnServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

describeWith(
  ["docker-registry", "skopeo", "podman", "docker", "dockerd", "htpasswd", "openssl"],
  "the switch from htpasswd by a restart",
  () => {
    let workspace: Workspace;
    let pullers: readonly Puller[];
    /** Answers how long nothing answered, in milliseconds; what `meanwhile` takes doesn't count. */
    let restart: (scheme: "htpasswd" | "token", meanwhile?: () => Promise<void>) => Promise<number>;

    beforeAll(async () => {
      workspace = await openWorkspace();
      const server = await spawnServer(workspace);
      const port = await findFreePort();
      const host = `localhost:${port}`;
      const users = await writeHtpasswd(workspace);
      const both = await writeBundle(workspace, join(server.trustFolder, "token-ca.pem"));
      const schemes = describeSchemes(users, both, server.url);
      const file = join(workspace.folder, "registry.yml");
      const start = async (scheme: string) => {
        await writeFile(file, describeRegistry(workspace, port, scheme));
        return startRegistryOf(workspace, file, `http://${host}`);
      };
      let present = await start(schemes.htpasswd);
      const place = { workspace, host };
      const image = `${host}/team/app:1`;
      const bob = await openStoredSkopeo(place, "bob");
      expectDone(await bob.push(image));
      pullers = [
        { name: "skopeo", pull: () => bob.pull(image) },
        await openStoredPodman(place, "Alice", image),
        await openStoredDocker(place, "ci-team", image),
      ];
      await server.mustCli(["import", "htpasswd", users, "--keep-access"]);
      restart = async (scheme, meanwhile) => {
        const began = performance.now();
        await present.stop();
        const stopped = performance.now();
        await meanwhile?.();
        const resumed = performance.now();
        present = await start(schemes[scheme]);
        return Math.round(performance.now() - resumed + stopped - began);
      };
    }, 90_000);

    afterAll(() => workspace.close());

    test("stored logins work on; who pulls in the moment of the restart is refused the connection", async () => {
      const told: string[] = [];
      for (const { pull } of pullers) expectDone(await pull());
      const away = await restart("token", async () => {
        for (const { name, pull } of pullers) {
          const began = performance.now();
          const outcome = await pull();
          const seconds = ((performance.now() - began) / 1000).toFixed(1);
          told.push(`${name}, after ${seconds} s: exit ${outcome.code}: ${outcome.stderr.trim()}`);
          expect(outcome.code).not.toBe(0);
          expect(outcome.text).toContain("connection refused");
        }
      });
      for (const { pull } of pullers) expectDone(await pull());
      const back = await restart("htpasswd");
      for (const { pull } of pullers) expectDone(await pull());
      // For the guide, whose times come from here.
      console.log(`${told.join("\n")}\nwithout a registry: ${away} ms, on the way back ${back} ms`);
    });
  },
);

/** As on the way from docker_auth: the certificate of another token server, and ours. */
async function writeBundle(workspace: Workspace, ours: string): Promise<string> {
  const [key, other] = [join(workspace.folder, "other.key"), join(workspace.folder, "other.pem")];
  const words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"];
  const more = ["-subj", "/CN=other", "-keyout", key, "-out", other];
  const env = { PATH: process.env["PATH"] ?? "" };
  expectDone(await run("openssl", [...words, ...more], { env }));
  const file = join(workspace.folder, "both.pem");
  await writeFile(file, (await readFile(other, "utf8")) + (await readFile(ours, "utf8")));
  return file;
}
