// What happens to processes: signals, crashes, too many connections, a second server, a clock that jumps.
import { lstatSync, readdirSync } from "node:fs";
import { readdir, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { findEvents } from "../support/log-lines.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { openReadableProgram } from "../support/readable-program.js";
import { addUser, ADMIN_NAME, spawnServer, type TestServer } from "../support/spawn-server.js";
import { fetchActions, fetchToken } from "../support/token-client.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;

beforeEach(async () => {
  workspace = await openWorkspace();
});

afterEach(() => workspace.close());

async function waitForEvent(server: TestServer, evt: string, count = 1): Promise<void> {
  await waitUntil(`${count} of ${evt} in the log`, async () => {
    return findEvents(server.log(), evt).length >= count;
  });
}

/** A connection with half a request on it, which a drain has to wait for. */
async function openHalfRequest(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) =>
    socket.write("GET /token HTTP/1.1\r\nHost:", () => {
      resolve();
    }),
  );
  return socket;
}

async function isListening(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/health/live`).then(
    () => true,
    () => false,
  );
}

describe("signals", () => {
  test("I02: a second signal, of either kind, ends the process at once and not with success", async () => {
    const server = await spawnServer(workspace);
    for (const [index, second] of (["SIGTERM", "SIGINT"] as const).entries()) {
      if (index > 0) await server.start();
      const pending = await openHalfRequest(server.port);
      server.signal("SIGTERM");
      await waitForEvent(server, "server.stop", index + 1);
      expect(await server.stop(second)).toBe(1);
      expect(findEvents(server.log(), "server.stopped")).toEqual([]);
      pending.destroy();
    }
    await server.start();
    expect(await fetchActions(server, ADMIN_NAME, "team/app")).toBe("pull,push,delete");
  });

  test("I03: killed without warning, it starts again by itself with everything that was acknowledged", async () => {
    const server = await spawnServer(workspace);
    await addUser(server, "reader", "view,pull");
    await server.mustCli(["image", "register", "team/app", "--users", "reader"]);
    await fetchToken(server, "reader", "repository:team/app:pull");
    expect(await server.stop("SIGKILL")).toBe(-1);
    expect(await isListening(server.port)).toBe(false);
    await server.start();
    expect(await fetchActions(server, "reader", "team/app")).toBe("pull");
    const ready = await fetch(`${server.url}/health/ready`);
    expect(await ready.json()).toEqual({ status: "ok", reasons: [] });
  });

  test("I05: what nobody caught is logged, ends the process with 1, and the next start is clean", async () => {
    const preload = join(workspace.folder, "preload.cjs");
    await writeFile(
      preload,
      `process.on("SIGUSR2", () => setImmediate(() => { throw new Error("thrown by a timer"); }));
       process.on("SIGWINCH", () => void Promise.reject(new Error("rejected by nobody")));`,
    );
    const env = { NODE_OPTIONS: `--require=${preload}` };
    const server = await spawnServer(workspace, { env });
    for (const [signal, message] of [
      ["SIGUSR2", "thrown by a timer"],
      ["SIGWINCH", "rejected by nobody"],
    ] as const) {
      server.signal(signal);
      expect(await server.ended()).toBe(1);
      expect(findEvents(server.log(), "server.crash").at(-1)).toMatchObject({ err: { message } });
      expect(await isListening(server.port)).toBe(false);
      await server.start();
    }
    expect(findEvents(server.log(), "server.crash")).toHaveLength(2);
    expect(await server.stop()).toBe(0);
  });
});

describeWith(["prlimit"], "few file descriptors", () => {
  const FLOOD = 200;

  /** Status of a request on a connection that was there before. */
  function askOn(agent: Agent, url: string): Promise<number> {
    return new Promise((resolve, reject) => {
      get(url, { agent }, (response) => {
        response.resume().once("end", () => {
          resolve(response.statusCode ?? 0);
        });
      }).once("error", reject);
    });
  }

  test("I07: 200 connections on 64 descriptors are shed, those inside are served, and it recovers", async () => {
    const server = await spawnServer(workspace, {
      wrap: (command) => ["prlimit", "--nofile=64:64", "--", ...command],
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const url = `http://127.0.0.1:${server.port}/token?service=registry`;
    expect(await askOn(agent, url)).toBe(200);
    let shed = 0;
    const sockets = await Promise.all(
      Array.from({ length: FLOOD }, () => openHalfRequest(server.port)),
    );
    for (const socket of sockets) socket.resume().once("close", () => (shed += 1));
    await waitUntil("connections to be shed", async () => shed >= FLOOD - 64);
    expect(await askOn(agent, url)).toBe(200);
    agent.destroy();
    for (const socket of sockets) socket.destroy();
    await waitUntil("a sign-in after the flood", async () => {
      const actions = await fetchActions(server, ADMIN_NAME, "team/app").catch(() => "");
      return actions === "pull,push,delete";
    });
    await waitUntil("good health after the flood", async () => {
      const ready = await fetch(`${server.url}/health/ready`).catch(() => null);
      return (await ready?.text()) === '{"status":"ok","reasons":[]}';
    });
    expect(findEvents(server.log(), "server.crash")).toEqual([]);
    expect(findEvents(server.log(), "server.start")).toHaveLength(1);
    expect(await server.stop()).toBe(0);
  });
});

describe("a second server on the same store", () => {
  let other: Workspace;

  beforeEach(async () => {
    other = await openWorkspace();
  });

  afterEach(() => other.close());

  test("I08: what one command changes holds at once on both, keys included", async () => {
    const first = await spawnServer(workspace);
    const shared = Object.entries(first.env).filter(([name]) => /STORAGE|KEYS/.test(name));
    const second = await spawnServer(other, { env: Object.fromEntries(shared) });
    const onBoth = (account: string): Promise<readonly string[]> =>
      Promise.all([first, second].map((server) => fetchActions(server, account, "team/app")));
    await addUser(first, "reader", "view,pull");
    expect(await onBoth("reader")).toEqual(["", ""]);
    await second.mustCli(["image", "register", "team/app", "--users", "reader"]);
    expect(await onBoth("reader")).toEqual(["pull", "pull"]);
    await first.mustCli(["access", "revoke", "team/app", "reader"]);
    expect(await onBoth("reader")).toEqual(["", ""]);
    await first.mustCli(["user", "disable", "reader"]);
    for (const server of [first, second]) {
      await expect(fetchActions(server, "reader", "team/app")).rejects.toThrow(/401/);
    }
    const chain = async (server: TestServer): Promise<string> =>
      (await fetchToken(server, ADMIN_NAME, "repository:a:pull")).header.x5c?.[0] ?? "";
    const before = await chain(first);
    expect(await chain(second)).toBe(before);
    await second.mustCli(["key", "rotate"]);
    await waitUntil("both to sign with the new key", async () => {
      const chains = await Promise.all([chain(first), chain(second)]);
      return chains[0] === chains[1] && chains[0] !== before;
    });
    expect(await first.stop()).toBe(0);
    expect(await fetchActions(second, ADMIN_NAME, "team/app")).toBe("pull,push,delete");
  });
});

describeWith(["faketime"], "a clock that is set", () => {
  const HOUR = 3600;

  function findLibrary(): string {
    const folders = readdirSync("/usr/lib", { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && entry.name.endsWith("-linux-gnu"),
    );
    const [folder] = folders.map(({ name }) => join("/usr/lib", name, "faketime"));
    return join(folder ?? "/usr/lib/faketime", "libfaketimeMT.so.1");
  }

  test("D05: steps of an hour back, a day on and five seconds back neither stop it nor bring anything back", async () => {
    const clockFile = join(workspace.folder, "clock");
    const setClock = (seconds: number): Promise<void> =>
      writeFile(clockFile, `${seconds < 0 ? "" : "+"}${seconds}\n`);
    await setClock(0);
    const server = await spawnServer(workspace, {
      env: {
        LD_PRELOAD: findLibrary(),
        FAKETIME_TIMESTAMP_FILE: clockFile,
        FAKETIME_NO_CACHE: "1",
        DONT_FAKE_MONOTONIC: "1",
        FAKETIME_DONT_FAKE_MONOTONIC: "1",
      },
    });
    await addUser(server, "reader", "view,pull");
    await addUser(server, "leaver", "view,pull");
    await server.mustCli(["image", "register", "team/app", "--users", "reader,leaver"]);
    await server.mustCli(["access", "revoke", "team/app", "reader"]);
    await server.mustCli(["user", "disable", "leaver"]);
    const start = (await fetchToken(server, ADMIN_NAME, "repository:team/app:pull")).claims.iat;
    const ids = new Set<string>();
    let offset = 0;
    for (const [index, step] of [-HOUR, 25 * HOUR, -5].entries()) {
      offset += step;
      await setClock(offset);
      await waitForEvent(server, "server.clock_jump", index + 1);
      const jump = Number(findEvents(server.log(), "server.clock_jump").at(-1)?.["seconds"]);
      expect(Math.abs(jump - step)).toBeLessThanOrEqual(1);
      const { claims } = await fetchToken(server, ADMIN_NAME, "repository:team/app:pull");
      expect(Math.abs(claims.iat - (start + offset))).toBeLessThan(60);
      for (let count = 0; count < 5; count += 1) {
        ids.add((await fetchToken(server, ADMIN_NAME, "repository:team/app:pull")).claims.jti);
      }
      expect(await fetchActions(server, "reader", "team/app")).toBe("");
      await expect(fetchToken(server, "leaver", "repository:team/app:pull")).rejects.toThrow(/401/);
    }
    expect(ids.size).toBe(15);
    expect(findEvents(server.log(), "server.clock_jump")).toHaveLength(3);
    expect(await server.stop()).toBe(0);
  });
});

describeWith(["unshare", "setpriv"], "a service account", () => {
  const OWNER = 12_345;

  /** Without root's rights and home, on a root file system that can't be written; only the workspace can. */
  function confine(command: readonly string[]): readonly string[] {
    const script = `
      chown -R ${OWNER}:${OWNER} "$0" && mount --bind "$0" "$0" && mount -o remount,bind,ro / || exit 98
      if touch /dockwarden-probe 2>/dev/null; then exit 99; fi
      exec setpriv --reuid=${OWNER} --regid=${OWNER} --clear-groups env -u HOME "$@"`;
    const namespace = ["unshare", "--mount", "--propagation=private"];
    return [...namespace, "sh", "-c", script, workspace.folder, ...command];
  }

  test("M04, L08: on a read-only root it works, and commands of root leave nothing of root's behind", async () => {
    const program = openReadableProgram();
    workspace.onClose(async () => {
      program.remove();
    });
    const server = await spawnServer(workspace, { wrap: confine, entry: program.entry });
    await addUser(server, "reader", "view,pull");
    await server.mustCli(["image", "register", "team/app", "--users", "reader"]);
    expect(await fetchActions(server, "reader", "team/app")).toBe("pull");
    await server.mustCli(["key", "rotate"]);
    expect(await server.stop()).toBe(0);
    await server.mustCli(["user", "disable", "reader"]);
    await server.start();
    await expect(fetchActions(server, "reader", "team/app")).rejects.toThrow(/401/);
    const owned = await readdir(workspace.folder, { recursive: true, withFileTypes: true });
    const places = owned.map((entry) => join(entry.parentPath, entry.name));
    const foreign = places.filter((place) => lstatSync(place).uid !== OWNER);
    expect(places.length).toBeGreaterThan(5);
    expect(foreign).toEqual([]);
  });
});
