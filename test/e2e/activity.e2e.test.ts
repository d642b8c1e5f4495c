// What the server puts on record: found again after a real client's denial, after a stop and a kill, and whatever the disk does.
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { activityPathOf } from "../../src/storage/sqlite/open-activity.js";
import { openSkopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { run, startDaemon } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { fetchToken } from "../support/token-client.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

interface Entry {
  readonly outcome: string;
  readonly account: string | null;
  readonly image: string | null;
  readonly count: number;
  readonly reference: string;
  readonly program: string;
  readonly reason: string;
}

async function list(server: TestServer, ...options: string[]): Promise<readonly Entry[]> {
  const outcome = await server.mustCli(["audit", "list", "--json", ...options]);
  return outcome.json() as readonly Entry[];
}

async function countGiven(server: TestServer, image: string): Promise<number> {
  const entries = await list(server, "--outcome", "given", "--image", image);
  return entries.reduce((sum, { count }) => sum + count, 0);
}

describeWith(["skopeo", "docker-registry"], "what a denied client leaves on record", () => {
  let site: Site;

  beforeAll(async () => {
    site = await openSite();
    await addClientFixture(site.server);
  });

  afterAll(() => site.close());

  test("a denied push is followed, listed, and explained by the reference in the log", async () => {
    const { server, workspace } = site;
    const logFile = join(workspace.folder, "tail.log");
    const [program = "", ...words] = server.command;
    const tail = await startDaemon(program, [...words, "audit", "tail", "--denied", "--json"], {
      env: server.env,
      logFile,
    });
    try {
      const reader = await openSkopeo(workspace, "reader");
      expectDone(await reader.login(site.registry.host, "reader", passwordOf("reader")));
      // What was written before tail had opened the records is not shown: the push is denied until one comes after that.
      await waitUntil("tail to show it", async () => {
        const denied = await reader.push(site.image("team/secret:1"), "one");
        expectFailed(denied, "requested access to the resource is denied");
        return tail.log().includes("team/secret");
      });
    } finally {
      await tail.stop();
    }
    const [followed] = tail
      .log()
      .split("\n")
      .filter((line) => line.includes("team/secret"));
    const entry = JSON.parse(followed ?? "") as Entry;
    expect(entry).toMatchObject({
      outcome: "refused",
      account: "reader",
      image: "team/secret",
      asked: ["pull", "push"],
      given: [],
      reason: "not_allowed",
    });
    expect(entry.program).toMatch(/^(?:skopeo|containers)\//);
    const line = server
      .log()
      .split("\n")
      .find((each) => each.includes(entry.reference));
    expect(JSON.parse(line ?? "")).toMatchObject({ evt: "token.issue", sub: "reader" });
    const explained = await server.cli(["access", "check", "--ref", entry.reference]);
    expect(explained.code).toBe(1);
    expect(explained.stdout).toContain("no grant on team/secret names this account");
    expect(explained.stdout).toContain("now:\n  no: reader may not pull and push team/secret");
  });

  test("L09: a tail whose reader is gone ends without a word", async () => {
    const { server } = site;
    const [program = "", ...words] = server.command;
    const command = [program, ...words, "audit", "tail", "--json"]
      .map((word) => `'${word}'`)
      .join(" ");
    const ended = run("bash", ["-c", `${command} | head -n 1; echo "\${PIPESTATUS[0]}"`], {
      env: { ...server.env, PATH: process.env["PATH"] ?? "" },
    });
    let isOver = false;
    void ended.then(() => (isOver = true));
    await waitUntil("the pipe to end", async () => {
      await server.mustCli(["user", "update", "reader", "--email", `r${Date.now()}@example.com`]);
      return isOver;
    });
    const outcome = await ended;
    expect(outcome.stderr).toBe("");
    // Sums of the refusals above may still grow: they come again, grown.
    expect(outcome.stdout).toMatch(/^\{"outcome":"(?:changed|refused)".*\}\n0\n$/);
  });
});

describe("what survives", () => {
  let workspace: Workspace;
  let server: TestServer;
  const activity = (): string => activityPathOf(server.env["DOCKWARDEN_STORAGE__PATH"] ?? "");

  beforeAll(async () => {
    workspace = await openWorkspace();
    server = await spawnServer(workspace);
    await addUser(server, "reader", "view,pull");
    await server.mustCli(["image", "register", "**", "--internal", "--actions", "pull"]);
  });

  afterAll(() => workspace.close());

  test("I01: a stop writes what was given just before", async () => {
    for (let at = 0; at < 5; at += 1)
      await fetchToken(server, "reader", "repository:stop/app:pull");
    expect(await server.stop("SIGTERM")).toBe(0);
    expect(await countGiven(server, "stop/app")).toBe(5);
    await server.start();
  });

  test("a kill loses nothing that was written, and the next start goes on", async () => {
    await fetchToken(server, "reader", "repository:kill/app:pull");
    await waitUntil("the batch", async () => (await countGiven(server, "kill/app")) === 1);
    await fetchToken(server, "reader", "repository:kill/app:pull");
    await server.stop("SIGKILL");
    expect(await countGiven(server, "kill/app")).toBeGreaterThanOrEqual(1);
    await server.start();
    await fetchToken(server, "reader", "repository:kill/app:pull");
    await waitUntil("the new batch", async () => (await countGiven(server, "kill/app")) >= 2);
  });

  test("T10: where nothing can be put on record tokens are given on, health says so, and the sums wait", async () => {
    await server.stop();
    await rm(activity());
    await mkdir(activity(), { mode: 0o700 });
    await server.start();
    await fetchToken(server, "reader", "repository:wait/app:pull");
    await waitUntil("health to say so", async () => (await health()).status === "degraded");
    expect((await health()).reasons).toEqual([
      "what is given and refused can't be put on record; the server's log says why (activity.unwritten)",
    ]);
    expect(server.log()).toContain('"evt":"activity.unwritten"');
    await rm(activity(), { recursive: true });
    await waitUntil("it to be written", async () => (await health()).status === "ok");
    expect(await countGiven(server, "wait/app")).toBe(1);
  });

  test("a file that is moved away under the server is followed by a new one", async () => {
    await fetchToken(server, "reader", "repository:moved/app:pull");
    await waitUntil("the batch", async () => (await countGiven(server, "moved/app")) === 1);
    await rename(activity(), `${activity()}.old`);
    await fetchToken(server, "reader", "repository:after/app:pull");
    await waitUntil("the new file", async () => (await countGiven(server, "after/app")) === 1);
    expect(await countGiven(server, "moved/app")).toBe(0);
  });

  test("a command on a damaged file names it and what to do, and the policy is untouched", async () => {
    await server.stop();
    await writeFile(activity(), "not a database".padEnd(8192, "!"), { mode: 0o600 });
    const outcome = await server.cli(["audit", "list", "--outcome", "given"]);
    expect([outcome.code, outcome.stdout]).toEqual([3, ""]);
    expect(outcome.stderr).toContain("dockwarden-activity.db is damaged; move it away");
    expect(outcome.stderr).not.toContain("try again");
    const shown = await server.mustCli(["user", "show", "reader"]);
    expect(shown.stdout).toMatch(/last sign-in +unknown: .* is damaged; move it away/);
    const review = await server.mustCli(["access", "review"]);
    expect(review.stderr).toContain("when rights were last used is left out");
    expect((await server.cli(["access", "review", "--unused", "1d"])).code).toBe(3);
  });

  async function health(): Promise<{ status: string; reasons: readonly string[] }> {
    const answer = await fetch(`http://127.0.0.1:${server.port}/health/ready`);
    return (await answer.json()) as { status: string; reasons: readonly string[] };
  }
});
