// The model team behind the door: real clients, real registry, and tags that are told apart. What the refused person reads.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  ctrClient,
  dockerClient,
  podmanClient,
  skopeoClient,
  writeIndexLayout,
  type GateClient,
} from "../support/gate-clients.js";
import { openSkopeo } from "../support/clients.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const PROGRAMS = [
  "docker-registry",
  "nginx",
  "skopeo",
  "podman",
  "docker",
  "dockerd",
  "ctr",
  "containerd",
] as const;

describeWith(PROGRAMS, "the gate before a registry", () => {
  let site: GateSite;
  let skopeo: GateClient;
  let clients: readonly GateClient[];

  function cli(...args: string[]) {
    return site.server.mustCli(args);
  }

  async function expectDenied(
    client: GateClient,
    outcome: Awaited<ReturnType<GateClient["pull"]>>,
    reason: string,
  ): Promise<void> {
    if (!client.showsReasons) {
      expectFailed(outcome, "403 Forbidden");
      return;
    }
    expectFailed(outcome, `denied: ${reason}; ref `);
  }

  beforeAll(async () => {
    site = await openGateSite();
    const ground = { workspace: site.workspace, host: site.door.host };
    skopeo = await skopeoClient(ground);
    clients = [
      skopeo,
      await podmanClient(ground),
      await dockerClient(ground),
      await ctrClient(ground),
    ];
    await addUser(site.server, "developer", "view,pull,push");
    await addUser(site.server, "tester", "view,pull,push");
    await addUser(site.server, "reader", "view,pull");
    await cli("image", "register", "telechat:7b-fp16", "--users", "developer,tester");
    await cli("image", "register", "telechat:12b-fp16", "--users", ADMIN_NAME);
    await cli("image", "register", "telechat:7b-int4", "--internal", "--actions", "pull");
    for (const tag of ["7b-fp16", "12b-fp16", "7b-int4"]) {
      expectDone(await skopeo.push(ADMIN_NAME, `telechat:${tag}`, `weights of ${tag}`));
    }
  }, 120_000);

  afterAll(() => site.close());

  test("C16: the model team: each tag is pulled by those who may and by nobody else", async () => {
    for (const client of clients) {
      for (const person of ["developer", "tester", ADMIN_NAME]) {
        expectDone(await client.pull(person, "telechat:7b-fp16"));
      }
      expectDone(await client.pull(ADMIN_NAME, "telechat:12b-fp16"));
      expectDone(await client.pull("reader", "telechat:7b-int4"));
      const stranger = await client.pull("reader", "telechat:7b-fp16");
      await expectDenied(client, stranger, "reader may not pull telechat:7b-fp16");
      const colleague = await client.pull("developer", "telechat:12b-fp16");
      await expectDenied(client, colleague, "developer may not pull telechat:12b-fp16");
      expect((await client.pull("nobody", "telechat:7b-int4")).code).not.toBe(0);
    }
  }, 240_000);

  test("pushes go to the tags that they may go to", async () => {
    for (const client of clients) {
      const own = await client.push("developer", "telechat:7b-fp16", `new-${client.name}`);
      expectDone(own);
      expectDone(await client.pull("tester", "telechat:7b-fp16"));
      const foreign = await client.push("developer", "telechat:12b-fp16", `evil-${client.name}`);
      await expectDenied(client, foreign, "developer may not push telechat:12b-fp16");
      const unable = await client.push("reader", "telechat:7b-int4", `low-${client.name}`);
      await expectDenied(client, unable, "reader may pull telechat but not push");
      expectDone(await client.pull(ADMIN_NAME, "telechat:12b-fp16"));
    }
  }, 240_000);

  test("a digest is pulled by who may pull one of its tags", async () => {
    expectDone(await skopeo.push(ADMIN_NAME, "telechat:12b-fp16", "weights anew"));
    const digest = await digestOf("telechat:12b-fp16");
    const shared = await digestOf("telechat:7b-int4");
    for (const client of clients) {
      // First of all: an engine keeps the manifests that it has seen, whoever pulled them.
      const outcome = await client.pull("developer", `telechat@${digest}`);
      await expectDenied(
        client,
        outcome,
        "developer may pull none of the tags of telechat that lead to this digest",
      );
      expectDone(await client.pull(ADMIN_NAME, `telechat@${digest}`));
      expectDone(await client.pull("reader", `telechat@${shared}`));
    }
  }, 120_000);

  test("dev, test and prod of one repository are for different people", async () => {
    await cli("image", "register", "shop:dev", "--users", "developer");
    await cli("image", "register", "shop:test", "--users", "tester");
    await cli("image", "register", "shop:prod", "--users", "reader");
    for (const tag of ["dev", "test", "prod"]) {
      expectDone(await skopeo.push(ADMIN_NAME, `shop:${tag}`, `shop ${tag}`));
    }
    const owners = { dev: "developer", test: "tester", prod: "reader" };
    for (const [tag, owner] of Object.entries(owners)) {
      for (const person of Object.values(owners)) {
        const outcome = await skopeo.pull(person, `shop:${tag}`);
        if (person === owner) expectDone(outcome);
        else expectFailed(outcome, `denied: ${person} may not pull shop:${tag}`);
      }
    }
  }, 60_000);

  test("a group that pushes dev tags only", async () => {
    await cli("group", "add", "makers");
    await cli("group", "add-member", "makers", "tester");
    await cli("access", "grant", "app:dev-*", "group:makers", "--actions", "pull,push");
    for (const client of clients) {
      expectDone(await client.push("tester", `app:dev-${client.name}`, `app-${client.name}`));
      const outcome = await client.push("tester", "app:v1", `app-v1-${client.name}`);
      await expectDenied(client, outcome, "tester may not push app:v1");
    }
  }, 120_000);

  test("an image for several platforms is pulled whole, through its index", async () => {
    const layout = await writeIndexLayout(site.workspace, "platforms");
    const admin = await openSkopeo(site.workspace, ADMIN_NAME);
    const target = `docker://${site.image("telechat:multi")}`;
    const source = `oci:${layout}:latest`;
    expectDone(await admin.skopeo(["copy", "--all", "--dest-tls-verify=false", source, target]));
    await cli("image", "register", "telechat:multi", "--users", "tester");
    for (const client of clients) {
      expectDone(await client.pull("tester", "telechat:multi"));
      const outcome = await client.pull("developer", "telechat:multi");
      await expectDenied(client, outcome, "developer may not pull telechat:multi");
    }
  }, 120_000);

  test("C18: an account that is disabled during a pull gets no further manifest", async () => {
    await addUser(site.server, "leaver", "view,pull");
    await cli("access", "grant", "shop:prod", "leaver", "--actions", "pull");
    const token = await tokenOf("leaver", "repository:shop:pull");
    const ask = async () => {
      const answer = await fetch(`http://${site.door.host}/v2/shop/manifests/prod`, {
        headers: {
          authorization: `Bearer ${token}`,
          accept: "application/vnd.oci.image.manifest.v1+json",
        },
      });
      await answer.arrayBuffer();
      return answer;
    };
    expect((await ask()).status).toBe(200);
    await cli("user", "disable", "leaver", "--yes");
    const refused = await ask();
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toBe(
      `Bearer realm="http://${site.door.host}/token",service="registry",scope="repository:shop:pull",error="invalid_token"`,
    );
  });

  test("a refusal that a person reads is found again by its reference", async () => {
    const outcome = await skopeo.pull("reader", "telechat:12b-fp16");
    const reference = /; ref ([0-9A-Z]{6})/.exec(outcome.text)?.[1] ?? "";
    let shown = await site.server.cli(["access", "check", "--ref", reference]);
    await waitUntil("the refusal is on record", async () => {
      shown = await site.server.cli(["access", "check", "--ref", reference]);
      return shown.code === 1;
    });
    expect(shown.text).toContain("telechat:12b-fp16");
    expect(shown.text).toContain("reader");
  });

  /** skopeo packs layers anew as it pushes: the registry knows what came of it. */
  async function digestOf(image: string): Promise<string> {
    const admin = await openSkopeo(site.workspace, ADMIN_NAME);
    const source = `docker://${site.image(image)}`;
    const format = ["--format", "{{.Digest}}"];
    return expectDone(
      await admin.skopeo(["inspect", "--tls-verify=false", ...format, source]),
    ).trim();
  }

  async function tokenOf(name: string, scope: string): Promise<string> {
    const basic = Buffer.from(`${name}:${passwordOf(name)}`).toString("base64");
    const query = new URLSearchParams({ service: "registry", scope }).toString();
    const answer = await fetch(`http://${site.door.host}/token?${query}`, {
      headers: { authorization: `Basic ${basic}` },
    });
    return ((await answer.json()) as { readonly token: string }).token;
  }
});
