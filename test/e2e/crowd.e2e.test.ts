// Many honest clients, and somebody who guesses: only the latter is slowed down.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

describe("guessing and crowds, behind a trusted proxy", () => {
  let workspace: Workspace;
  let server: TestServer;
  const CROWD = Array.from({ length: 8 }, (_, index) => `person${index}`);

  async function signIn(name: string, secret: string, address: string): Promise<Response> {
    const authorization = `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}`;
    return fetch(`http://127.0.0.1:${server.port}/token?service=registry`, {
      headers: { authorization, "x-forwarded-for": address },
    });
  }

  /** As a client does that is told to come again: 503 is patience, anything else is an answer. */
  async function patiently(name: string, address: string): Promise<number> {
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const answer = await signIn(name, passwordOf(name), address);
      await answer.arrayBuffer();
      if (answer.status !== 503) return answer.status;
      const seconds = Number(answer.headers.get("retry-after"));
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
    return 503;
  }

  beforeAll(async () => {
    workspace = await openWorkspace();
    server = await spawnServer(workspace, {
      env: {
        DOCKWARDEN_SERVER__TRUSTED_PROXIES: "127.0.0.1",
        DOCKWARDEN_SERVER__TLS__MODE: "proxy",
      },
    });
    for (const name of [...CROWD, "victim", "other"]) await addUser(server, name, "view,pull");
  }, 60_000);

  afterAll(() => workspace.close());

  test("1,000 clients behind one address with good credentials: none is limited", async () => {
    const statuses = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        patiently(CROWD[index % CROWD.length] ?? "", "192.0.2.10"),
      ),
    );
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  }, 60_000);

  test("a stale password repeated for ever is one failure", async () => {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      expect((await signIn("other", "stale-password-of-last-year", "192.0.2.20")).status).toBe(401);
    }
    expect((await signIn("other", passwordOf("other"), "192.0.2.20")).status).toBe(200);
  }, 30_000);

  test("B12: an attack from elsewhere leaves the owner's machine, the owner's robot and tokens alone", async () => {
    expect((await signIn("victim", passwordOf("victim"), "192.0.2.30")).status).toBe(200);
    const token = await server.mustCli(["token", "create", "victim"]);
    const robot = await server.mustCli(["robot", "add", "ci", "--owner", "victim"]);
    const statuses: number[] = [];
    for (let guess = 0; guess < 14; guess += 1) {
      const answer = await signIn("victim", `guess-number-${guess}`, "198.51.100.7");
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([...Array<number>(10).fill(401), ...Array<number>(4).fill(429)]);
    const refused = await signIn("victim", passwordOf("victim"), "198.51.100.7");
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ errors: [{ code: "TOOMANYREQUESTS" }] });
    expect((await signIn("victim", passwordOf("victim"), "192.0.2.30")).status).toBe(200);
    expect((await signIn("victim", token.stdout.trim(), "198.51.100.7")).status).toBe(200);
    expect((await signIn("ci", robot.stdout.trim(), "198.51.100.7")).status).toBe(200);
    expect((await signIn("victim", passwordOf("victim"), "203.0.113.9")).status).toBe(429);
    const shown = await server.mustCli(["--json", "user", "show", "victim"]);
    expect(shown.json()).toMatchObject({ lock: { shut: false } });
    await server.mustCli(["user", "unlock", "victim"]);
    expect((await signIn("victim", passwordOf("victim"), "203.0.113.9")).status).toBe(200);
  }, 30_000);

  test("I08: what is locked stays locked over a restart", async () => {
    for (let guess = 0; guess < 10; guess += 1) {
      await signIn("other", `other-guess-${guess}`, "198.51.100.8");
    }
    expect((await signIn("other", "one-more", "198.51.100.8")).status).toBe(429);
    await server.stop();
    await server.start();
    expect((await signIn("other", "one-more", "198.51.100.8")).status).toBe(429);
    expect((await signIn("other", passwordOf("other"), "192.0.2.20")).status).toBe(200);
  }, 30_000);
});
