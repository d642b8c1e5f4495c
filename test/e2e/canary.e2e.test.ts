// Unique secrets go through everything at debug level; afterwards nothing that the server wrote or answered holds them.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  findCanaries,
  formsOf,
  searchFolder,
  type Canary,
  type Sighting,
} from "../support/canary.js";
import { addUser, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const unique = (what: string): string => `${what}~${randomBytes(18).toString("base64")}~é`;

describe("B23: a canary run", () => {
  let workspace: Workspace;
  let server: TestServer;
  const canaries: Canary[] = [];
  const answers: { readonly where: string; readonly text: string }[] = [];

  function release(what: string, secret = unique(what)): string {
    canaries.push({ what, secret });
    return secret;
  }

  /** Asks, and keeps what is answered, headers included. */
  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, init);
    const headers = JSON.stringify([...answer.headers]);
    answers.push({
      where: `${init.method ?? "GET"} ${path}`,
      text: `${headers}${await answer.clone().text()}`,
    });
    return answer;
  }

  const basic = (name: string, secret: string): RequestInit => ({
    headers: { authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}` },
  });
  const post = (form: Record<string, string>, type?: string): RequestInit => ({
    method: "POST",
    body: new URLSearchParams({ service: "registry", client_id: "canary", ...form }).toString(),
    headers: { "content-type": type ?? "application/x-www-form-urlencoded" },
  });

  /** Bytes as they are, for requests that no client would send. */
  async function askRaw(text: string): Promise<void> {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, "127.0.0.1", () => socket.write(text));
      let received = "";
      socket.on("data", (chunk) => (received += chunk.toString("latin1")));
      socket.on("close", () => {
        resolve(received);
      });
      socket.on("error", () => {
        resolve(received);
      });
      setTimeout(() => socket.destroy(), 1500).unref();
    });
    answers.push({ where: "raw", text: answer });
  }

  beforeAll(async () => {
    workspace = await openWorkspace();
    server = await spawnServer(workspace, { env: { DOCKWARDEN_LOG__LEVEL: "debug" } });
    await addUser(server, "bob", "view,pull");
  }, 60_000);

  afterAll(() => workspace.close());

  test("the forms are found where they are", () => {
    const secret = unique("x");
    for (const { form, text } of formsOf(secret)) {
      const content = Buffer.from(`before${text}after`);
      const found = findCanaries([{ what: "x", secret }], content, "here");
      expect(found.map((sighting) => sighting.form)).toContain(form);
    }
    const framed = Buffer.from(`alice:${secret}`).toString("base64");
    expect(findCanaries([{ what: "x", secret }], Buffer.from(framed), "here")).not.toEqual([]);
  });

  test("passwords, tokens and secrets pass through sign-ins, refusals, commands and broken requests", async () => {
    const password = release("password");
    await server.mustCli(
      ["user", "add", "alice", "--permissions", "pull,push", "--password-stdin"],
      {
        stdin: `${password}\n`,
      },
    );
    expect(
      (await ask("/token?service=registry&offline_token=true", basic("alice", password))).status,
    ).toBe(200);
    const login = await ask(
      "/token",
      post({ grant_type: "password", username: "alice", password, access_type: "offline" }),
    );
    const { refresh_token: refresh } = (await login.clone().json()) as { refresh_token: string };
    // What is given out stands in its own answer, and there alone.
    answers.length = 0;
    release("refresh token", refresh);
    const personal = release(
      "personal token",
      (await server.mustCli(["token", "create", "alice", "--actions", "pull"])).stdout.trim(),
    );
    const robot = release(
      "robot's secret",
      (await server.mustCli(["robot", "add", "ci"])).stdout.trim(),
    );
    const rotated = release(
      "rotated secret",
      (await server.mustCli(["robot", "rotate", "ci", "--yes"])).stdout.trim(),
    );

    expect((await ask("/token?service=registry", basic("alice", personal))).status).toBe(200);
    for (const secret of [robot, rotated]) {
      expect((await ask("/token?service=registry", basic("ci", secret))).status).toBe(200);
    }
    const refreshed = await fetch(
      `http://127.0.0.1:${server.port}/token`,
      post({ grant_type: "refresh_token", refresh_token: refresh }),
    );
    expect(refreshed.status).toBe(200);

    const wrong = release("wrong password");
    const typed = release("password as a name");
    for (const { secret } of canaries) {
      // Each in places where it does not belong.
      await ask("/token?service=registry", basic("bob", secret));
      await ask("/token?service=registry", basic("nosuch", secret));
      await ask("/token?service=registry", basic(secret, "x"));
      await ask(`/token?service=registry&account=${encodeURIComponent(secret)}`);
      await ask(`/token?service=registry&client_id=${encodeURIComponent(secret)}`);
      await ask(`/token?service=${encodeURIComponent(secret)}`);
      await ask(`/token?service=registry&scope=${encodeURIComponent(secret)}`);
      await ask(`/token?service=registry&password=${encodeURIComponent(secret)}`);
      await ask(`/token?password=${encodeURIComponent(secret)}`, post({ grant_type: "password" }));
      await ask(`/nowhere/${encodeURIComponent(secret)}`);
      await ask("/token", post({ grant_type: "password", username: "bob", password: secret }));
      await ask("/token", post({ grant_type: "refresh_token", refresh_token: `${secret}x` }));
      await ask("/token", post({ grant_type: secret, password: secret }));
      await ask("/token", post({ grant_type: "password", password: secret }, "text/plain"));
      await ask("/token", {
        ...basic("alice", secret),
        ...post({ grant_type: "password", username: "alice", password: secret }),
      });
      await ask("/token?service=registry", {
        headers: { authorization: `Bearer ${encodeURIComponent(secret)}` },
      });
      await ask("/token?service=registry", {
        headers: { authorization: `Basic ${encodeURIComponent(secret)}` },
      });
      const plain = Buffer.from(secret).toString("latin1");
      await askRaw(`POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n${plain}`);
      await askRaw(`GET /${plain} HTTP/1.1\r\nAuthorization: ${plain}\r\n\r\n`);
      await askRaw(`${plain}\r\n\r\n`);
    }
    await server.cli(["user", "add", typed, "--generate"]);
    await server.cli(["user", "passwd", "alice", wrong]);
    await server.cli(["token", "revoke", personal]);
    await server.mustCli(["user", "passwd", "alice", "--password-stdin"], {
      stdin: `${release("another password")}\n`,
    });
    await ask("/token", post({ grant_type: "refresh_token", refresh_token: refresh }));
    await server.mustCli(["backup", join(workspace.folder, "all.backup")]);
    for (const args of [
      ["audit", "list"],
      ["token", "list", "--ended"],
      ["user", "show", "alice"],
      ["doctor"],
      ["config", "print"],
    ]) {
      const { text } = await server.cli(args);
      answers.push({ where: args.join(" "), text });
    }
  }, 120_000);

  test("no log, database, WAL, backup or answer holds any of them in any form", async () => {
    const isExcepted = (path: string): boolean => path === "admin-password";
    const running = searchFolder(canaries, workspace.folder, isExcepted);
    expect(running.files.join("\n")).toMatch(/dockwarden\.db-wal/);
    expect(running.files.join("\n")).toMatch(/server\.log/);
    expect(running.files.join("\n")).toMatch(/all\.backup/);
    await server.stop();
    const stopped = searchFolder(canaries, workspace.folder, isExcepted);
    const inAnswers = answers.flatMap(({ where, text }) =>
      findCanaries(canaries, Buffer.from(text), where),
    );
    const none: Sighting[] = [];
    expect([...running.sightings, ...stopped.sightings, ...inAnswers]).toEqual(none);
    expect(canaries).toHaveLength(8);
  });
});
