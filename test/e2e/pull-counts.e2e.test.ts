// What `dockwarden image show` counts against what real clients did: a pull is one, however many manifests it takes.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import {
  ctrClient,
  podmanClient,
  skopeoClient,
  writeIndexLayout,
  type GateClient,
} from "../support/gate-clients.js";
import { startDockerEngine, type DockerEngine } from "../support/docker-engine.js";
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

interface Counted {
  readonly pulls: number;
  readonly looks: number;
  readonly lastPull: { readonly at: string; readonly by: string } | null;
}

interface Held {
  readonly pullsByDigest: number;
  readonly lastPullByDigest: { readonly by: string } | null;
  readonly tags: readonly (Counted & { readonly tag: string })[];
}

describeWith(PROGRAMS, "pulls are counted", () => {
  let site: GateSite;
  let skopeo: GateClient;
  let podman: GateClient;
  let ctr: GateClient;
  let docker: Pick<GateClient, "name" | "pull" | "push">;
  let engine: DockerEngine;
  let admin: Skopeo;
  let marks = 0;

  async function show(repository: string): Promise<Held> {
    const outcome = await site.server.mustCli(["image", "show", repository, "--json"]);
    const { held } = outcome.json() as { readonly held?: readonly Held[] };
    const [first] = held ?? [];
    if (first === undefined) throw new Error(`nothing is held of ${repository}`);
    return first;
  }

  /** Pulls are written in their order: once a later one is there, so are all before. */
  async function settle(): Promise<void> {
    marks += 1;
    expectDone(await skopeo.pull("marker", "mark:1"));
    await waitUntil("the pulls are written", async () => {
      const { tags } = await show("mark");
      return (tags[0]?.pulls ?? 0) >= marks;
    });
  }

  /** What came to the tag by `act`. */
  async function countAt(image: string, act: () => Promise<unknown>): Promise<Counted> {
    const [repository = "", tag] = image.split(":");
    const find = async () => (await show(repository)).tags.find((one) => one.tag === tag);
    const before = await find();
    await act();
    await settle();
    const after = await find();
    if (after === undefined) throw new Error(`nothing is held of ${image}`);
    return {
      pulls: after.pulls - (before?.pulls ?? 0),
      looks: after.looks - (before?.looks ?? 0),
      lastPull: after.lastPull,
    };
  }

  async function digestOf(image: string): Promise<string> {
    const format = ["--format", "{{.Digest}}"];
    const source = `docker://${site.image(image)}`;
    const asked = await admin.skopeo(["inspect", "--tls-verify=false", ...format, source]);
    return expectDone(asked).trim();
  }

  beforeAll(async () => {
    site = await openGateSite();
    const ground = { workspace: site.workspace, host: site.door.host };
    skopeo = await skopeoClient(ground);
    podman = await podmanClient(ground);
    ctr = await ctrClient(ground);
    engine = await startDockerEngine(site.workspace, site.door.host);
    for (const name of ["developer", "reader", "marker"]) {
      await addUser(site.server, name, "view,pull,push");
      const person = await engine.person(name);
      expectDone(await person.login(site.door.host, name, passwordOf(name)));
    }
    docker = {
      name: "docker",
      pull: async (name, image) => {
        const person = await engine.person(name);
        await person.docker(["image", "rm", "--force", site.image(image)]);
        return person.docker(["pull", site.image(image)]);
      },
      push: async (name, image, content) => {
        await engine.importImage(site.image(image), content);
        return (await engine.person(name)).docker(["push", site.image(image)]);
      },
    };
    admin = await openSkopeo(site.workspace, ADMIN_NAME);
    expectDone(await admin.login(site.door.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
    await site.server.mustCli(["image", "register", "**", "--internal"]);
    expectDone(await skopeo.push(ADMIN_NAME, "mark:1", "mark"));
    await waitUntil("the mark is known", async () => {
      const { tags } = await show("mark").catch(() => ({ tags: [] }));
      return tags.length === 1;
    });
  }, 120_000);

  afterAll(() => site.close());

  test("pushes count no pulls, by any client", async () => {
    for (const client of [skopeo, podman, ctr, docker]) {
      const image = `pushed:${client.name}`;
      for (const content of ["one", "two"]) {
        expectDone(await client.push("developer", image, `${content}-${client.name}`));
      }
    }
    await settle();
    const { tags, pullsByDigest } = await show("pushed");
    expect(tags.map(({ tag }) => tag)).toEqual(["ctr", "docker", "podman", "skopeo"]);
    expect(tags.map(({ pulls }) => pulls)).toEqual([0, 0, 0, 0]);
    expect(pullsByDigest).toBe(0);
  }, 120_000);

  test("a pull by tag is one, with when and by whom", async () => {
    expectDone(await skopeo.push("developer", "app:v1", "one"));
    for (const [who, client] of [
      ["reader", skopeo],
      ["developer", podman],
      ["reader", ctr],
      ["developer", docker],
    ] as const) {
      const counted = await countAt("app:v1", async () => {
        expectDone(await client.pull(who, "app:v1"));
      });
      expect([client.name, counted.pulls]).toEqual([client.name, 1]);
      expect(counted.lastPull?.by).toBe(who);
      expect(Date.parse(counted.lastPull?.at ?? "")).toBeGreaterThan(Date.now() - 60_000);
    }
    const text = expectDone(await site.server.ask(["image", "show", "app:v1"]));
    expect(text).toMatch(/^v1 .* developer +4 +\S+ +developer$/m);
  }, 120_000);

  test("docker that is up to date only looks; its look is the last use", async () => {
    const counted = await countAt("app:v1", async () => {
      const person = await engine.person("reader");
      expect(expectDone(await person.docker(["pull", site.image("app:v1")]))).toContain(
        "Image is up to date",
      );
    });
    expect(counted).toMatchObject({ pulls: 0, looks: 1, lastPull: { by: "reader" } });
  });

  test("the same pull by three people is three", async () => {
    const counted = await countAt("app:v1", () =>
      Promise.all(
        ["reader", "developer", "marker"].map(async (who) => {
          expectDone(await skopeo.pull(who, "app:v1"));
        }),
      ),
    );
    expect(counted.pulls).toBe(3);
  });

  test("a refused pull is none", async () => {
    await site.server.mustCli(["image", "register", "app:shut", "--users", ADMIN_NAME]);
    expectDone(await skopeo.push(ADMIN_NAME, "app:shut", "shut"));
    const counted = await countAt("app:shut", async () => {
      for (const client of [skopeo, podman, ctr, docker]) {
        expectFailed(await client.pull("reader", "app:shut"), "");
      }
    });
    expect(counted).toEqual({ pulls: 0, looks: 0, lastPull: null });
  });

  test("an image for several platforms is one pull: its index and one image of it", async () => {
    const layout = await writeIndexLayout(site.workspace, "platforms");
    const target = `docker://${site.image("multi:v1")}`;
    const copy = ["copy", "--all", "--dest-tls-verify=false", `oci:${layout}:latest`, target];
    expectDone(await admin.skopeo(copy));
    for (const client of [skopeo, podman, ctr, docker]) {
      const counted = await countAt("multi:v1", async () => {
        expectDone(await client.pull("reader", "multi:v1"));
      });
      expect([client.name, counted.pulls]).toEqual([client.name, 1]);
    }
    expect((await show("multi")).pullsByDigest).toBe(0);
  }, 60_000);

  test("a pull by digest is of the only tag that leads there, and else of the repository", async () => {
    expectDone(await skopeo.push("developer", "digest:v1", "by digest"));
    const digest = await digestOf("digest:v1");
    await settle();
    for (const client of [skopeo, podman, ctr, docker]) {
      const counted = await countAt("digest:v1", async () => {
        expectDone(await client.pull("reader", `digest@${digest}`));
      });
      expect([client.name, counted.pulls]).toEqual([client.name, 1]);
    }
    expectDone(await skopeo.push("developer", "digest:v2", "by digest"));
    expect(await digestOf("digest:v2")).toBe(digest);
    const both = await countAt("digest:v1", async () => {
      expectDone(await skopeo.pull("marker", `digest@${digest}`));
    });
    expect(both.pulls).toBe(0);
    expect(await show("digest")).toMatchObject({
      pullsByDigest: 1,
      lastPullByDigest: { by: "marker" },
    });
  }, 60_000);
});
