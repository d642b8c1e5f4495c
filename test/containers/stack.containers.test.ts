// The image and the compose stack in a real Docker engine: everything that people do with them, on one set of containers.
import { afterAll, beforeAll } from "@jest/globals";
import { describeWith } from "../support/programs.js";
import { startLargeTransfers, type LargeTransfers } from "./large-transfers.js";
import { testImage } from "./parts/image.js";
import { testJoining } from "./parts/joining.js";
import { testLaptop } from "./parts/laptop.js";
import { testLarge } from "./parts/large.js";
import { testReadme } from "./parts/readme.js";
import { testRestarts } from "./parts/restarts.js";
import { testRestore } from "./parts/restore.js";
import { testServer } from "./parts/server.js";
import { testTls } from "./parts/tls.js";
import { openContainerSite, type ContainerSite } from "./site.js";

const PROGRAMS = [
  ["dockerd", "docker", "docker-compose", "debootstrap", "ip", "nsenter", "iptables", "openssl"],
  ["script", "curl", "skopeo", "podman", "buildah", "containerd", "ctr"],
].flat() as Parameters<typeof describeWith>[0];

describeWith(PROGRAMS, "containers", () => {
  let site: ContainerSite | undefined;
  let close = async (): Promise<void> => undefined;
  let transfers: LargeTransfers | undefined;

  function mustBeThere<T>(thing: T | undefined): T {
    if (thing === undefined) throw new Error("the containers are not there: see the first failure");
    return thing;
  }
  const useSite = (): ContainerSite => mustBeThere(site);

  beforeAll(async () => {
    try {
      const opened = await openContainerSite();
      close = opened.close;
      transfers = await startLargeTransfers(opened);
      site = opened;
    } catch (error) {
      // At once and once: the report has it behind a hundred tests that could not run, and once more for each of them.
      process.stderr.write(`the containers did not come up: ${String(error)}\n`);
      throw error;
    }
  }, 900_000);

  afterAll(async () => {
    await close();
  }, 120_000);

  testReadme(useSite);
  testImage(useSite);
  testLaptop(useSite);
  testRestarts(useSite);
  testRestore(useSite);
  testServer(useSite);
  testTls(useSite);
  testJoining(useSite);
  testLarge(useSite, () => mustBeThere(transfers));
});
