// Notifications lost, doubled, out of order, late; the ledger's file locked; registry and server restarted: the gate stays right,
// and so does the ledger, or it says that it needs a reading.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openConnection } from "../../src/storage/sqlite/connection.js";
import { ledgerPathOf } from "../../src/storage/sqlite/open-ledger.js";
import { openSkopeo } from "../support/clients.js";
import {
  dockerClient,
  skopeoClient,
  writeIndexLayout,
  type GateClient,
} from "../support/gate-clients.js";
import { startEventsRelay, type EventsRelay } from "../support/events-relay.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME } from "../support/spawn-server.js";
import { fetchToken } from "../support/token-client.js";

const PROGRAMS = ["docker-registry", "nginx", "skopeo", "docker", "dockerd"] as const;
const ACCEPT =
  "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json";

type Tags = Readonly<Record<string, string>>;

describeWith(PROGRAMS, "the gate and its ledger when things go wrong", () => {
  let site: GateSite;
  let relay: EventsRelay;
  let skopeo: GateClient;
  let clients: readonly GateClient[];
  let rounds = 0;

  beforeAll(async () => {
    site = await openGateSite({
      beforeEvents: async (url, workspace) => {
        relay = await startEventsRelay(workspace, url);
        return relay.url;
      },
    });
    const ground = { workspace: site.workspace, host: site.door.host };
    skopeo = await skopeoClient(ground);
    clients = [skopeo, await dockerClient(ground)];
    await addUser(site.server, "reader", "view,pull");
    await site.server.mustCli(["image", "register", "app:open", "--users", "reader"]);
    await site.server.mustCli(["image", "register", "app:shut", "--users", ADMIN_NAME]);
    await site.server.mustCli(["image", "register", "app:old", "--users", ADMIN_NAME]);
    await site.server.mustCli(["image", "register", "app:multi", "--users", "reader"]);
    await push();
    await waitUntilRight();
  }, 120_000);

  afterAll(() => site.close());

  /** New content for both tags. */
  async function push(): Promise<void> {
    rounds += 1;
    for (const tag of ["open", "shut", "old"]) {
      expectDone(await skopeo.push(ADMIN_NAME, `app:${tag}`, `${tag} of round ${rounds}`));
    }
  }

  /** As the registry itself has it. */
  async function findTruth(): Promise<Tags> {
    const { token } = await fetchToken(site.server, ADMIN_NAME, "repository:app:pull");
    const headers = { authorization: `Bearer ${token}`, accept: ACCEPT };
    const url = `http://${site.registry.host}/v2/app`;
    const listed = await fetch(`${url}/tags/list`, { headers });
    const { tags } = (await listed.json()) as { readonly tags: readonly string[] | null };
    const found = (tags ?? []).map(async (tag): Promise<[string, string] | null> => {
      const answer = await fetch(`${url}/manifests/${tag}`, { method: "HEAD", headers });
      return answer.ok ? [tag, answer.headers.get("docker-content-digest") ?? ""] : null;
    });
    return Object.fromEntries((await Promise.all(found)).filter((one) => one !== null));
  }

  /** As Dockwarden tells it. */
  async function findTold(): Promise<Tags> {
    const outcome = await site.server.mustCli(["image", "show", "app", "--json"]).catch(() => null);
    const { held = [] } = (outcome?.json() ?? {}) as {
      readonly held?: readonly {
        readonly tags: readonly { readonly tag: string; readonly digest: string }[];
      }[];
    };
    return Object.fromEntries((held[0]?.tags ?? []).map(({ tag, digest }) => [tag, digest]));
  }

  const isRight = async (): Promise<boolean> =>
    JSON.stringify(sorted(await findTold())) === JSON.stringify(sorted(await findTruth()));

  async function waitUntilRight(): Promise<void> {
    await waitUntil("the ledger is right", isRight, 40_000);
  }

  async function health(): Promise<string> {
    return (await fetch(`http://127.0.0.1:${site.server.port}/health/ready`)).text();
  }

  /** What may be pulled is pulled at once, what may not isn't, whatever the ledger knows. */
  async function expectGateRight(): Promise<void> {
    const { shut } = await findTruth();
    for (const client of clients) {
      expectDone(await client.pull("reader", "app:open"));
      expectFailed(await client.pull("reader", "app:shut"), "denied: reader may not pull app:shut");
      const outcome = await client.pull("reader", `app@${shut ?? ""}`);
      expectFailed(outcome, "denied: ");
      expect(outcome.text).toMatch(/none of the tags of app|not known yet|can not decide just now/);
    }
  }

  test("nothing is wrong at first", async () => {
    await expectGateRight();
    expect(await health()).toContain('"ok"');
  });

  test("lost notifications: the gate asks the registry, and a reading puts the ledger right", async () => {
    relay.mood = "lose";
    await push();
    await pushIndex("lost");
    expect(await isRight()).toBe(false);
    for (const client of clients) expectDone(await client.pull("reader", "app:multi"));
    await expectGateRight();
    relay.mood = "pass";
    expectDone(await site.server.cli(["image", "sync"]));
    expect(await findTold()).toEqual(await findTruth());
    await expectGateRight();
  }, 60_000);

  test("doubled notifications change nothing", async () => {
    relay.mood = "double";
    await push();
    await expectGateRight();
    await waitUntilRight();
    relay.mood = "pass";
  }, 60_000);

  test("notifications in the wrong order end as the right one", async () => {
    relay.mood = "hold";
    await push();
    await push();
    const { old } = await findTruth();
    await deleteDigest(old ?? "");
    await expectGateRight();
    await relay.release();
    await waitUntilRight();
    expect(Object.keys(await findTold()).sort()).toEqual(["multi", "open", "shut"]);
    await expectGateRight();
  }, 60_000);

  test("notifications that come seconds late hold nobody up", async () => {
    relay.mood = "late";
    relay.delayMilliseconds = 4000;
    await push();
    await expectGateRight();
    await waitUntilRight();
    relay.mood = "pass";
  }, 60_000);

  test("a ledger that another process has locked", async () => {
    const path = ledgerPathOf(site.server.env["DOCKWARDEN_STORAGE__PATH"] ?? "");
    const holder = openConnection(path, 5000);
    holder.exec("BEGIN EXCLUSIVE");
    try {
      await push();
      await expectGateRight();
      await pushIndex("locked");
      for (const client of clients) expectDone(await client.pull("reader", "app:multi"));
      await waitUntil("health tells of it", async () =>
        (await health()).includes("the ledger can't be written"),
      );
    } finally {
      holder.close();
    }
    await waitUntilRight();
    await waitUntil("health is well", async () => (await health()).includes('"ok"'));
    await expectGateRight();
  }, 60_000);

  test("a server that restarted, while the registry could not tell of anything", async () => {
    relay.mood = "refuse";
    await push();
    expect(await site.server.stop()).toBe(0);
    await site.server.start();
    await expectGateRight();
    relay.mood = "pass";
    await waitUntilRight();
    await expectGateRight();
  }, 60_000);

  test("a registry that restarted and lost what it had to tell is read by the server itself", async () => {
    relay.mood = "refuse";
    await push();
    await site.registry.restart();
    relay.mood = "pass";
    await expectGateRight();
    // The first notification of its new life gives it away.
    await waitUntil("the server knows of it", async () =>
      site.server.log().includes("ledger.registry_restarted"),
    );
    await waitUntilRight();
    await waitUntil("the trouble is over", async () => (await health()).includes('"ok"'), 40_000);
    expect(site.server.log()).toContain("ledger.synced");
  }, 90_000);

  async function pushIndex(content: string): Promise<void> {
    const layout = await writeIndexLayout(site.workspace, content);
    const admin = await openSkopeo(site.workspace, ADMIN_NAME);
    const target = `docker://${site.image("app:multi")}`;
    const source = `oci:${layout}:latest`;
    expectDone(await admin.skopeo(["copy", "--all", "--dest-tls-verify=false", source, target]));
  }

  async function deleteDigest(digest: string): Promise<void> {
    const { token } = await fetchToken(site.server, ADMIN_NAME, "repository:app:delete");
    const url = `http://${site.door.host}/v2/app/manifests/${digest}`;
    const headers = { authorization: `Bearer ${token}` };
    expect((await fetch(url, { method: "DELETE", headers })).status).toBe(202);
  }
});

function sorted(tags: Tags): readonly (readonly [string, string])[] {
  return Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
}
