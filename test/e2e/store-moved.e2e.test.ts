// The store is taken away under the running server: no token from a file that nobody administers any more.
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { waitUntil } from "../support/poll.js";
import {
  ADMIN_NAME,
  ADMIN_PASSWORD,
  spawnServer,
  type TestServer,
} from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let server: TestServer;

beforeEach(async () => {
  workspace = await openWorkspace();
  server = await spawnServer(workspace);
});

afterEach(() => workspace.close());

const SIGN_IN = { headers: { Authorization: `Basic ${btoa(`${ADMIN_NAME}:${ADMIN_PASSWORD}`)}` } };

async function askToken(request: RequestInit = SIGN_IN): Promise<number> {
  const answer = await fetch(
    `${server.url}/token?service=registry&scope=repository:a:pull`,
    request,
  );
  await answer.arrayBuffer();
  return answer.status;
}

async function readHealth() {
  const answer = await fetch(`${server.url}/health/ready`);
  return { status: answer.status, body: (await answer.json()) as { reasons: readonly string[] } };
}

test.each([
  ["a copy in its place", (data: string) => cp(`${data}-old`, data, { recursive: true })],
  ["an empty folder in its place", (data: string) => mkdir(data, { mode: 0o700 })],
  ["nothing in its place", () => Promise.resolve()],
])("the store moved away, %s: no token, and health says what to do", async (_what, replace) => {
  const data = join(workspace.folder, "store");
  expect(await askToken()).toBe(200);
  expect(await readHealth()).toMatchObject({ status: 200 });

  await rename(data, `${data}-old`);
  await replace(data);
  await waitUntil("the end of tokens", async () => (await askToken()) === 503, 5000);
  expect(await askToken({})).toBe(503);
  const told = await readHealth();
  expect(told).toMatchObject({ status: 503, body: { status: "unavailable" } });
  expect(told.body.reasons).toEqual([
    expect.stringMatching(/replaced or removed.*restart the server/),
  ]);
  expect(told.body.reasons.join()).not.toContain(workspace.folder);
  expect(server.log()).toContain(join(data, "dockwarden.db"));

  await rm(data, { recursive: true, force: true });
  await rename(`${data}-old`, data);
  await waitUntil("tokens again", async () => (await askToken()) === 200, 5000);
  expect(await readHealth()).toMatchObject({ status: 200 });
});

test("an account disabled in the store's successor gets no token after a restart", async () => {
  const data = join(workspace.folder, "store");
  await server.mustCli(["user", "add", "boss", "--generate", "--permissions", "admin"]);
  await rename(data, `${data}-old`);
  await cp(`${data}-old`, data, { recursive: true });
  await server.mustCli(["user", "disable", ADMIN_NAME]);
  await waitUntil("the end of tokens", async () => (await askToken()) === 503, 5000);
  await server.stop();
  await server.start();
  expect(await askToken()).toBe(401);
});
