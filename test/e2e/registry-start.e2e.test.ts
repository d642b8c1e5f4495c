// docker/registry.sh with the real registry 2.8: what happens in it is told to Dockwarden, with a secret nobody made up.
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import { openSkopeo } from "../support/clients.js";
import { readDocument, ROOT } from "../support/documents.js";
import { expectDone } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { findFreePort } from "../support/free-port.js";
import { startDaemon, waitUntilReady, type Daemon } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { startStandIn, type StandIn, type StandInRequest } from "../support/stand-in.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const SECRET = "q2uZ5Yw-harbour_71-lantern";

interface Shipped {
  readonly log: unknown;
  readonly notifications: unknown;
}

interface PushEvent {
  readonly action: string;
  readonly target: { readonly tag?: string; readonly references?: readonly unknown[] };
}

describeWith(["docker-registry", "skopeo"], "docker/registry.sh", () => {
  let workspace: Workspace;
  let dockwarden: StandIn;
  let port: number;

  beforeEach(async () => {
    workspace = await openWorkspace();
    dockwarden = await startStandIn(workspace);
    port = await findFreePort();
    await workspace.subfolder("bin");
    await symlink("/usr/bin/docker-registry", file("bin/registry"));
  });

  afterEach(() => workspace.close());

  const file = (name: string): string => join(workspace.folder, name);

  /** `more` instead of the notifications that the stack's file has. */
  async function start(more: string | null, env: Record<string, string> = {}): Promise<Daemon> {
    const shipped = parse(readDocument("registry-config.yml")) as Shipped;
    const config = {
      version: "0.1",
      log: shipped.log,
      storage: { filesystem: { rootdirectory: file("storage") } },
      http: { addr: `127.0.0.1:${port}` },
      notifications: more === null ? shipped.notifications : (parse(more) as unknown),
    };
    await writeFile(file("config.yml"), stringify(config));
    const args = [join(ROOT, "docker/registry.sh"), "serve", file("config.yml")];
    const settings = {
      PATH: `${file("bin")}:${process.env["PATH"] ?? ""}`,
      HTTP_SECRET_FILE: file("http-secret"),
      EVENTS_SECRET_FILE: file("events-secret"),
      EVENTS_URL: `http://${dockwarden.address}/events`,
      ...env,
    };
    const registry = await startDaemon("sh", args, { env: settings, logFile: file("log") });
    workspace.onClose(() => registry.stop());
    await waitUntilReady(registry, "The registry", async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
      return answer.status === 200;
    });
    return registry;
  }

  async function push(): Promise<void> {
    const person = await openSkopeo(workspace, "person");
    expectDone(await person.push(`localhost:${port}/team/app:1`, "one"));
  }

  /** The request that tells of the tag. */
  async function waitForTag(): Promise<StandInRequest> {
    const seen: StandInRequest[] = [];
    const tagOf = (request: StandInRequest): string | undefined => eventOf(request).target.tag;
    await waitUntil("the tag to be told", async () => {
      seen.push(...dockwarden.take());
      return seen.some((request) => tagOf(request) === "1");
    });
    return seen.find((request) => tagOf(request) === "1") as StandInRequest;
  }

  const PREPARED = `endpoints:
    - name: dockwarden
      disabled: true
      url: http://dockwarden:5001/events
      headers:
        Authorization: [Bearer put-the-secret-here]`;

  test.each([
    ["that the stack ships", null],
    ["of an earlier version, which had the endpoint prepared", PREPARED],
  ])(
    "with a configuration %s, tells Dockwarden of pushes and what they hold",
    async (_of, more) => {
      await writeFile(file("events-secret"), `${SECRET}\n`, { mode: 0o600 });
      // As Docker passes a company's proxy on to containers.
      const proxy = { HTTP_PROXY: "http://127.0.0.1:9", http_proxy: "http://127.0.0.1:9" };
      const registry = await start(more, proxy);
      await push();
      const told = await waitForTag();
      expect(told).toMatchObject({ method: "POST", target: "/events" });
      expect(told.headers.authorization).toBe(`Bearer ${SECRET}`);
      expect(eventOf(told)).toMatchObject({ action: "push", target: { repository: "team/app" } });
      expect(eventOf(told).target.references).toHaveLength(2);
      expect(registry.log()).not.toMatch(/unrecognized|registry\.sh:/i);
      expect(registry.log()).not.toContain(SECRET);
    },
  );

  test("leaves endpoints alone that somebody has written into the file", async () => {
    await writeFile(file("events-secret"), `${SECRET}\n`);
    const own = `endpoints:
  - { name: own, url: "http://${dockwarden.address}/own", timeout: 1s, threshold: 5, backoff: 1s }`;
    const registry = await start(own);
    expect(registry.log()).toContain("notifications go where the registry's own settings say");
    await push();
    const told = await waitForTag();
    expect(told.target).toBe("/own");
    expect(told.headers).not.toHaveProperty("authorization");
  });

  test.each([
    ["no secret", null],
    ["an empty secret", ""],
    ["what is no secret", 'x"], url: http://evil.example}'],
  ])("starts with %s, and says that Dockwarden is told nothing", async (_what, secret) => {
    if (secret !== null) await writeFile(file("events-secret"), secret);
    const registry = await start(null);
    expect(registry.log()).toContain("Dockwarden is not told what is pushed, pulled and deleted");
    await push();
    expect(dockwarden.take()).toEqual([]);
  });
});

function eventOf(request: StandInRequest): PushEvent {
  const { events } = JSON.parse(request.body) as { readonly events: readonly PushEvent[] };
  return events[0] as PushEvent;
}
