// Which tokens registry 2.8 accepts, and how keys and CA are exchanged without losing a request.
import { afterEach, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, passwordOf, type TestServer } from "../support/spawn-server.js";
import { askRegistry, fetchToken, type ReceivedToken } from "../support/token-client.js";

const SCOPE = "repository:team/app:pull,push";
const TAGS = "/v2/team/app/tags/list";
const LOAD_WORKERS = 4;

describeWith(["docker-registry", "skopeo"], "token keys", () => {
  const sites: Site[] = [];

  async function openWithHeader(header: string): Promise<Site> {
    const site = await openSite({ env: { DOCKWARDEN_KEYS__HEADER: header } });
    sites.push(site);
    return site;
  }

  function adminToken(server: TestServer): Promise<ReceivedToken> {
    return fetchToken(server, ADMIN_NAME, SCOPE);
  }

  /** What tells one signing key from another in a token. */
  function keyOf({ header }: ReceivedToken): string {
    return header.x5c?.[0] ?? header.kid ?? "";
  }

  async function waitForOtherKey(server: TestServer, key: string): Promise<ReceivedToken> {
    let token = await adminToken(server);
    await waitUntil("a token of another key", async () => {
      token = await adminToken(server);
      return keyOf(token) !== key;
    });
    return token;
  }

  async function pushByAdmin(site: Site, name: string): Promise<number> {
    const skopeo = await openSkopeo(site.workspace, "admin");
    await skopeo.login(site.registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME));
    return (await skopeo.push(site.image(name), name)).code;
  }

  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close();
  });

  test("D02: registry 2.8 accepts tokens with x5c", async () => {
    const site = await openWithHeader("x5c");
    const { header } = await adminToken(site.server);
    expect(header.x5c?.length).toBeGreaterThanOrEqual(1);
    expect(await pushByAdmin(site, "team/app:1")).toBe(0);
  });

  test("D02: registry 2.8 accepts tokens with the libtrust key id", async () => {
    const site = await openWithHeader("kid-libtrust");
    const { header } = await adminToken(site.server);
    expect(header.x5c).toBeUndefined();
    expect(header.kid).toMatch(/^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
    expect(await pushByAdmin(site, "team/app:1")).toBe(0);
  });

  test("D02: registry 2.8 refuses tokens with the RFC 7638 key id", async () => {
    const site = await openWithHeader("kid-rfc7638");
    const { header, token } = await adminToken(site.server);
    expect(header.x5c).toBeUndefined();
    expect(header.kid).toMatch(/^[\w-]{43}$/);
    expect(await askRegistry(site.registry, "/v2/", token)).toBe(401);
    expect(await pushByAdmin(site, "team/app:1")).not.toBe(0);
  });

  test("D09: by key id a key is prepared, read by the restarted registry, then activated", async () => {
    const { server, registry } = await openWithHeader("kid-libtrust");
    const before = await adminToken(server);
    await server.mustCli(["key", "rotate", "--prepare"]);
    expect(keyOf(await adminToken(server))).toBe(keyOf(before));
    await registry.restart();
    expect(await askRegistry(registry, "/v2/", (await adminToken(server)).token)).toBe(200);
    await server.mustCli(["key", "rotate", "--activate"]);
    const after = await waitForOtherKey(server, keyOf(before));
    expect(await askRegistry(registry, "/v2/", after.token)).toBe(200);
    expect(await askRegistry(registry, "/v2/", before.token)).toBe(200);
  });

  test("D09: by key id a plain rotation is refused and names the steps", async () => {
    const { server } = await openWithHeader("kid-libtrust");
    const before = await adminToken(server);
    const outcome = await server.cli(["key", "rotate"]);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/--prepare[\s\S]*--activate/);
    expect(keyOf(await adminToken(server))).toBe(keyOf(before));
  });

  test("D09: with x5c three rotations under load lose no request and need no restart", async () => {
    const site = await openWithHeader("x5c");
    const { server, registry } = site;
    expect(await pushByAdmin(site, "team/app:1")).toBe(0);
    const first = await adminToken(server);
    const keys = new Set<string>();
    const failures: string[] = [];
    let isRunning = true;
    const worker = async (): Promise<void> => {
      while (isRunning) {
        const token = await adminToken(server);
        keys.add(keyOf(token));
        const status = await askRegistry(registry, TAGS, token.token);
        if (status !== 200) failures.push(`registry: ${status}`);
      }
    };
    const load = Promise.allSettled(Array.from({ length: LOAD_WORKERS }, worker));
    for (let round = 1; round <= 3; round += 1) {
      await server.mustCli(["key", "rotate"]);
      await waitUntil("tokens of the new key", () => Promise.resolve(keys.size > round));
    }
    isRunning = false;
    for (const outcome of await load) {
      if (outcome.status === "rejected") failures.push(String(outcome.reason));
    }
    expect(failures).toEqual([]);
    expect(await askRegistry(registry, TAGS, first.token)).toBe(200);
  });

  test("D09: the CA is exchanged with an overlap in which both are trusted", async () => {
    const { server, registry } = await openWithHeader("x5c");
    const before = await adminToken(server);
    const told = await server.mustCli(["key", "rotate", "--ca"]);
    expect(told.text).toMatch(/restart/i);
    expect(keyOf(await adminToken(server))).toBe(keyOf(before));
    await registry.restart();
    expect(await askRegistry(registry, "/v2/", (await adminToken(server)).token)).toBe(200);
    await server.mustCli(["key", "rotate", "--activate"]);
    const after = await waitForOtherKey(server, keyOf(before));
    expect(await askRegistry(registry, "/v2/", after.token)).toBe(200);
    expect(await askRegistry(registry, "/v2/", before.token)).toBe(200);
  });
});
