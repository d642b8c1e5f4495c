// A way past the door is found out by what the registry reports; nothing that went through the door is taken for one.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import {
  dockerClient,
  podmanClient,
  skopeoClient,
  writeIndexLayout,
  type GateClient,
} from "../support/gate-clients.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME } from "../support/spawn-server.js";
import { fetchToken } from "../support/token-client.js";

const PROGRAMS = ["docker-registry", "nginx", "skopeo", "podman", "docker", "dockerd"] as const;
const ACCEPT = "application/vnd.oci.image.manifest.v1+json";

describeWith(PROGRAMS, "pulls past the door", () => {
  let site: GateSite;
  let clients: readonly GateClient[];

  /** What health says of the gate, and what is on record of it. */
  async function findBypasses(): Promise<{ readonly health: string; readonly audit: string }> {
    const answer = await fetch(`http://127.0.0.1:${site.server.port}/health/ready`);
    const listed = await site.server.ask(["audit", "list"]);
    const lines = (text: string) =>
      text.split("\n").filter((line) => line.includes("gate bypassed"));
    return {
      health: lines(await answer.text()).join("\n"),
      audit: lines(expectDone(listed)).join("\n"),
    };
  }

  /** With a token of the door, at any address. */
  async function read(host: string, token: string, reference: string): Promise<number> {
    const answer = await fetch(`http://${host}/v2/telechat/manifests/${reference}`, {
      headers: { authorization: `Bearer ${token}`, accept: ACCEPT },
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  beforeAll(async () => {
    site = await openGateSite();
    const ground = { workspace: site.workspace, host: site.door.host };
    clients = [await skopeoClient(ground), await podmanClient(ground), await dockerClient(ground)];
    await addUser(site.server, "developer", "view,pull,push");
    await addUser(site.server, "sneaker", "view,pull");
    await addUser(site.server, "honest", "view,pull");
    await site.server.mustCli(["image", "register", "telechat:7b", "--internal"]);
    await site.server.mustCli(["image", "register", "telechat:12b", "--users", ADMIN_NAME]);
    await site.server.mustCli(["image", "register", "telechat:multi", "--internal"]);
    await site.server.mustCli(["image", "register", "base", "--public"]);
  }, 120_000);

  afterAll(() => site.close());

  test("one pull past the door is on record and in health, and none that went through it", async () => {
    const [skopeo] = clients;
    if (skopeo === undefined) throw new Error("no client");
    const admin = await openSkopeo(site.workspace, ADMIN_NAME);
    for (const name of ["telechat:7b", "telechat:12b", "base:1"]) {
      expectDone(await skopeo.push(ADMIN_NAME, name, name));
    }
    const layout = await writeIndexLayout(site.workspace, "platforms");
    const target = `docker://${site.image("telechat:multi")}`;
    const copy = ["copy", "--all", "--dest-tls-verify=false", `oci:${layout}:latest`, target];
    expectDone(await admin.skopeo(copy));
    for (const client of clients) {
      expectDone(await client.push("developer", "telechat:7b", `from-${client.name}`));
      for (const image of ["telechat:7b", "telechat:multi", "base:1"]) {
        expectDone(await client.pull("honest", image));
      }
      expectDone(await client.pull("nobody", "base:1"));
    }

    const { token } = await fetchToken(site.server, "sneaker", "repository:telechat:pull");
    expect(await read(site.door.host, token, "12b")).toBe(403);
    expect(await findBypasses()).toEqual({ health: "", audit: "" });
    expect(await read(site.registry.host, token, "12b")).toBe(200);
    // Notifications come in their order: with this one all of those before have been judged.
    let found = await findBypasses();
    await waitUntil(
      "the way past the door is found out",
      async () => {
        found = await findBypasses();
        return found.health !== "" && found.audit !== "";
      },
      30_000,
    );
    expect(found.health).toContain(
      "gate bypassed: sneaker pulled telechat from registry without the gate being asked; make the registry's port reachable for the door alone",
    );
    expect(found.audit.split("\n")).toHaveLength(1);
    expect(found.audit).toMatch(/sneaker.*telechat|telechat.*sneaker/);
    expect(site.server.log()).toContain("gate.bypassed");
  }, 120_000);
});
