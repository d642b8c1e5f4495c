// The shadow run between two real token servers: what differs is listed, mended by the command it names, and gone.
import { appendFile, rename, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { waitUntil } from "../support/poll.js";
import { startDaemon, type Daemon } from "../support/process.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let ours: TestServer;
let theirs: TestServer;
let log: string;
let passwords: string;

beforeAll(async () => {
  workspace = await openWorkspace();
  const peerWorkspace = await openWorkspace();
  workspace.onClose(() => peerWorkspace.close());
  ours = await spawnServer(workspace);
  theirs = await spawnServer(peerWorkspace, { services: ["docker-registry"] });
  for (const server of [ours, theirs]) {
    await addUser(server, "alice", "view,pull,push");
    await addUser(server, "bob", "view,pull");
    await server.mustCli(["image", "register", "public/base", "--public"]);
  }
  await theirs.mustCli(["image", "register", "team/app", "--users", "alice,bob"]);
  await ours.mustCli(["image", "register", "team/app", "--users", "alice", "--actions", "pull"]);
  log = join(workspace.folder, "access.log");
  passwords = join(workspace.folder, "passwords.txt");
  const names = ["alice", "bob", "admin"];
  const text = names.map((name) => `${name}:${passwordOf(name)}\n`).join("");
  await writeFile(passwords, text, { mode: 0o600 });
});
afterAll(() => workspace.close());

/** As nginx writes it. */
function line(account: string, scope: string): string {
  const query = `account=${account}&scope=${encodeURIComponent(scope)}&service=docker-registry`;
  return `192.0.2.7 - ${account} [02/Jan/2027:15:04:05 +0000] "GET /token?${query} HTTP/1.1" 200 812 "-" "docker/28.2.2"\n`;
}

const LINES = [
  line("alice", "repository:team/app:push,pull"),
  line("bob", "repository:team/app:pull"),
  line("-", "repository:public/base:pull"),
  line("admin", "registry:catalog:*"),
  line("alice", "registry:catalog:*"),
  line("carol", "repository:team/app:pull"),
];

const args = (...more: readonly string[]): readonly string[] => [
  ...["shadow", "--peer", `${theirs.url}/token`, "--log", log],
  ...["--passwords", passwords, "--rate", "1000", ...more],
];

describe("rules that another server has", () => {
  test("are found to differ, and after the commands that are named they don't", async () => {
    await writeFile(log, LINES.join(""));
    const first = await ours.cli(args());
    expect(first.stderr).toBe("");
    expect(first.code).toBe(1);
    expect(first.stdout.split("\n")).toEqual([
      "alice  repository:team/app  asked pull,push  peer pull,push  dockwarden pull  less: push",
      "  team/app grants pull to alice",
      "  to change that: dockwarden access grant team/app alice --actions pull,push",
      "bob  repository:team/app  asked pull  peer pull  dockwarden nothing  less: pull",
      "  no grant on team/app names this account, its groups, @authenticated or @anonymous",
      "  to change that: dockwarden access grant team/app bob --actions pull",
      "",
      "8 questions of 4 accounts compared, 2 differ",
      "not compared: 2 questions: no password for 1 account (carol): give --passwords FILE",
      "note: the log's service (docker-registry) is none of token.services and was taken for registry; --service NAME says otherwise",
      "",
    ]);
    const commands = [...first.stdout.matchAll(/to change that: dockwarden (.*)/g)];
    for (const [, command = ""] of commands) await ours.mustCli(command.split(" "));
    const second = await ours.cli(args());
    expect(second.stdout).toContain("8 questions of 4 accounts compared, 0 differ\n");
    expect(second.code).toBe(0);
    for (const name of ["alice", "bob", "admin"]) {
      expect(`${first.text}${second.text}`).not.toContain(passwordOf(name));
    }
  });

  test("that give more here are listed as well", async () => {
    await ours.mustCli(["image", "register", "more/app", "--users", "bob"]);
    await writeFile(log, line("bob", "repository:more/app:pull"));
    const { code, stdout } = await ours.cli(args("--json"));
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      compared: 2,
      differences: [{ account: "bob", scope: "repository:more/app", less: [], more: ["pull"] }],
    });
  });

  test("of a peer that is not there: exit 3", async () => {
    const dead = args().map((word) =>
      word.endsWith("/token") ? "http://127.0.0.1:9/token" : word,
    );
    const { code, stderr } = await ours.cli(dead);
    expect(code).toBe(3);
    expect(stderr).toContain("the peer doesn't answer (ECONNREFUSED); nothing listens there");
  });
});

describe("--follow", () => {
  const follow = async (): Promise<Daemon> => {
    const [program = "", ...words] = ours.command;
    const all = [...words, ...args("--follow", "--every", "1")];
    const logFile = join(workspace.folder, `follow-${Math.random()}.log`);
    const daemon = await startDaemon(program, all, { env: ours.env, logFile });
    workspace.onClose(() => daemon.stop("SIGKILL"));
    return daemon;
  };
  const shows = (daemon: Daemon, text: string): Promise<void> =>
    waitUntil(text, async () => daemon.log().includes(text));

  test("tells what is added, what is solved, survives rotation, and ends when nothing differs", async () => {
    await writeFile(log, line("bob", "repository:f/one:pull"));
    await theirs.mustCli(["image", "register", "f/**", "--users", "bob"]);
    const daemon = await follow();
    await shows(daemon, "bob  repository:f/one  asked pull");
    await appendFile(log, line("bob", "repository:f/two:pull"));
    await shows(daemon, "bob  repository:f/two  asked pull");
    await rename(log, `${log}.1`);
    await appendFile(`${log}.1`, line("bob", "repository:f/three:pull"));
    await shows(daemon, "bob  repository:f/three  asked pull");
    // Long, so that what comes after the truncation is shorter for a while.
    await writeFile(log, line("bob", "repository:f/four:pull").repeat(500));
    await shows(daemon, "bob  repository:f/four  asked pull");
    await truncate(log);
    await waitUntil("the truncation is seen", async () => {
      await appendFile(log, line("bob", "repository:f/five:pull"));
      return daemon.log().includes("repository:f/five");
    });
    await ours.mustCli(["image", "register", "f/**", "--users", "bob"]);
    expect(await daemon.ended()).toBe(0);
    const text = daemon.log();
    for (const name of ["one", "two", "three", "four", "five"]) {
      expect(text.split(`\nsolved: bob  repository:f/${name} `)).toHaveLength(2);
      expect(text.split(`bob  repository:f/${name} `)).toHaveLength(3);
    }
    expect(text).toContain("6 questions of 1 account compared, 0 differ");
  });

  test("ended by Ctrl-C says what is left, and answers 1", async () => {
    await writeFile(log, line("bob", "repository:g/one:pull"));
    await theirs.mustCli(["image", "register", "g/one", "--users", "bob"]);
    const daemon = await follow();
    await shows(daemon, "bob  repository:g/one  asked pull");
    expect(await daemon.stop("SIGINT")).toBe(1);
    expect(daemon.log()).toContain("left: bob  repository:g/one");
    expect(daemon.log()).toContain("1 differ; ended before the end");
  });
});
