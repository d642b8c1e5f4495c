// `shadow` against a peer that does everything wrong that a peer can do, and with files that are not what they should be.
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { addCliUser, GOOD_PASSWORD, openCliSite, type CliSite } from "../support/cli-site.js";
import {
  fakeToken,
  jwtOf,
  sendToken,
  startFakePeer,
  type FakePeer,
  type PeerResponder,
} from "../support/fake-peer.js";
import type { Outcome } from "../support/process.js";

let site: CliSite;
let peer: FakePeer;
let passwords: string;

beforeAll(async () => {
  site = await openCliSite();
  passwords = join(site.workspace.folder, "passwords.txt");
  await writeFile(passwords, `# ours\nalice:${GOOD_PASSWORD}\r\nbob:his\n`, { mode: 0o600 });
  await addCliUser(site, "alice", "view,pull,push");
  await site.must("image", "register", "team/app", "--users", "alice", "--actions", "pull");
  await site.must("image", "register", "public/base", "--public");
});
afterAll(() => site.close());
afterEach(() => peer.close());

async function shadow(
  respond: PeerResponder,
  lines: readonly string[],
  ...more: readonly string[]
): Promise<Outcome> {
  peer = await startFakePeer(respond);
  const args = ["shadow", "--peer", peer.url, "--log", "-", "--rate", "1000", ...more];
  return site.run(args, lines.join("\n"));
}

const gives =
  (...scopes: readonly string[]): PeerResponder =>
  (_scope, response) => {
    sendToken(response, fakeToken(scopes));
  };
const says =
  (status: number, headers: Readonly<Record<string, string>> = {}): PeerResponder =>
  (_scope, response) => {
    response.writeHead(status, headers).end("no");
  };

const PUBLIC = "@anonymous repository:public/base:pull";
const ALICE = "alice repository:team/app:pull,push";

describe("the two answers", () => {
  test("are the same: exit 0, and each was asked once", async () => {
    const { code, stdout } = await shadow(gives("repository:public/base:pull"), [PUBLIC, PUBLIC]);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: "1 question of 1 account compared, 0 differ\n",
    });
    expect(peer.asked).toEqual(["- repository:public/base:pull"]);
    expect(peer.requests[0]?.url).toBe(
      "/auth?service=registry&scope=repository%3Apublic%2Fbase%3Apull&client_id=dockwarden-shadow",
    );
  });

  test("differ: less comes first, with the command that ends it; more after it", async () => {
    const respond: PeerResponder = (scope, response) => {
      sendToken(response, fakeToken(scope === null ? [] : ["repository:team/app:pull,push"]));
    };
    const lines = [PUBLIC, ALICE, "nobody@example repository:team/app:pull"];
    const { code, stdout, text } = await shadow(respond, lines, "--passwords", passwords);
    expect(code).toBe(1);
    expect(stdout.split("\n")).toEqual([
      "alice  repository:team/app  asked pull,push  peer pull,push  dockwarden pull  less: push",
      "  team/app grants pull to alice",
      "  to change that: dockwarden access grant team/app alice --actions pull,push",
      "@anonymous  repository:public/base  asked pull  peer nothing  dockwarden pull  more: pull",
      "  public/base grants pull to @anonymous",
      "",
      "3 questions of 2 accounts compared, 2 differ",
      "not compared: 2 questions: no password for 1 account (nobody@example): give --passwords FILE",
      "note: the peer gave more than was asked for (@anonymous repository:public/base); what nobody asked for is not compared",
      "",
    ]);
    expect(peer.asked.sort()).toEqual([
      "- repository:public/base:pull",
      "alice -",
      "alice repository:team/app:pull,push",
    ]);
    expect(text).not.toContain(GOOD_PASSWORD);
  });

  test("as JSON have everything, and no password", async () => {
    const all = gives("repository:team/app:pull,push", "repository:public/base:pull");
    const args = ["--passwords", passwords, "--json"];
    const { code, stdout } = await shadow(all, [ALICE], ...args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      compared: 2,
      differ: 1,
      differences: [
        {
          account: "alice",
          service: "registry",
          scope: "repository:team/app",
          asked: ["pull", "push"],
          peer: ["pull", "push"],
          dockwarden: ["pull"],
          less: ["push"],
          more: [],
          command: "dockwarden access grant team/app alice --actions pull,push",
        },
      ],
    });
    expect(stdout).not.toContain(GOOD_PASSWORD);
  });

  test("of sign-ins: an account that is missing here, and a password that is another one", async () => {
    await writeFile(`${passwords}.2`, "alice:another-password\nbob:his\n", { mode: 0o600 });
    const lines = [ALICE, "bob repository:team/app:pull"];
    const all = gives("repository:team/app:pull");
    const { code, stdout } = await shadow(all, lines, "--passwords", `${passwords}.2`);
    expect(code).toBe(1);
    expect(stdout.split("\n")).toEqual([
      "alice  sign-in  peer accepted  dockwarden refused  less: sign-in",
      "  alice has another password here",
      "  to change that: dockwarden user passwd alice",
      "bob  sign-in  peer accepted  dockwarden refused  less: sign-in",
      "  there is no account bob here",
      "  to change that: dockwarden user add bob",
      "",
      "3 questions of 2 accounts compared, 2 differ",
      "not compared: 1 question of accounts that don't get in on both sides (bob): mend their sign-in, or their line in the file of passwords",
      "",
    ]);
  });

  test("a refusal of one request gives nothing, and a refused password is tried once", async () => {
    const respond: PeerResponder = (scope, response, request) => {
      const isBob = request.headers.authorization?.includes("Ym9i") === true;
      says(isBob || scope?.includes("public") === true ? 403 : 401)(scope, response, request);
    };
    const lines = [
      PUBLIC,
      "bob repository:a:pull",
      "bob repository:b:pull",
      "bob repository:c:pull",
    ];
    const { code, stdout } = await shadow(respond, lines, "--passwords", passwords);
    expect(code).toBe(1);
    expect(stdout).toContain("peer refused  dockwarden pull  more: pull");
    expect(stdout).toContain(
      "not compared: 4 questions of accounts that don't get in on both sides",
    );
    expect(peer.asked.filter((line) => line.startsWith("bob"))).toEqual(["bob -"]);
  });
});

describe("a peer", () => {
  test("that is busy is asked again when it says so", async () => {
    let asked = 0;
    const respond: PeerResponder = (scope, response, request) => {
      asked += 1;
      if (asked === 1) says(429, { "retry-after": "0" })(scope, response, request);
      else if (asked === 2) says(503, { "retry-after": "0" })(scope, response, request);
      else gives("repository:public/base:pull")(scope, response, request);
    };
    expect(await shadow(respond, [PUBLIC])).toMatchObject({ code: 0 });
    expect(asked).toBe(3);
  });

  test.each<[string, PeerResponder, string]>([
    [
      "whose token can't be read",
      (_scope, response) => {
        sendToken(response, "opaque");
      },
      "the peer's token is no JWT",
    ],
    [
      "whose token says nothing of access",
      (_scope, response) => {
        sendToken(response, jwtOf({ iss: "peer" }));
      },
      "has no access claim",
    ],
    [
      "that leads elsewhere",
      says(302, { location: "https://elsewhere.example.com/x?secret=1" }),
      "leads to https://elsewhere.example.com/x; redirects aren't followed",
    ],
    ["that does not know the path", says(404), "see whether --peer is its token endpoint"],
    ["that refuses the service", says(400), "--peer-service NAME"],
    [
      "that never ends",
      (_scope, response) => {
        response.writeHead(200);
        response.end("x".repeat(300_000));
      },
      "its answer is larger than a token's",
    ],
    ["that answers a page", says(200), "answered 200 without a token"],
    [
      "that hangs up",
      (_scope, response) => {
        response.destroy();
      },
      "look whether it runs",
    ],
  ])("%s ends it with 3 and says why", async (_what, respond, words) => {
    const { code, stdout, stderr } = await shadow(respond, [PUBLIC]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("secret=1");
  });

  test("that does not answer is not asked for ever", async () => {
    const lines = Array.from({ length: 40 }, (_, at) => `@anonymous repository:a${at}:pull`);
    const { code, stderr } = await shadow(says(500), lines);
    expect(code).toBe(3);
    expect(stderr).toContain("10 requests in a row had no answer: the peer answered 500");
    expect(peer.asked.length).toBeLessThan(15);
  });

  test("that takes nobody's password is told from one that gives nobody anything", async () => {
    const names = Array.from({ length: 20 }, (_, at) => `user${at}`);
    await writeFile(`${passwords}.3`, names.map((name) => `${name}:x`).join("\n"), { mode: 0o600 });
    const lines = names.map((name) => `${name} repository:a:pull`);
    const { code, stderr } = await shadow(says(401), lines, "--passwords", `${passwords}.3`);
    expect(code).toBe(3);
    expect(stderr).toContain("the peer refused the passwords of 10 accounts in a row");
    expect(peer.asked.length).toBeLessThan(15);
  });
});

describe("what is wrong is said before anything is asked", () => {
  const refuses = async (args: readonly string[], words: string, stdin = ""): Promise<void> => {
    peer = await startFakePeer(says(500));
    const full = ["shadow", ...(args.includes("--peer") ? [] : ["--peer", peer.url]), ...args];
    const { code, stdout, stderr } = await site.run(full, stdin);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain("secret");
    expect(peer.asked).toEqual([]);
  };

  test.each([
    ["ftp://auth.example.com", "--peer takes an http or https URL"],
    ["https://alice:secret@auth.example.com", "without name and password"],
    ["nonsense", "--peer takes"],
  ])("--peer %s", (url, words) => refuses(["--peer", url, "--log", "-"], words));

  test("passwords over plain HTTP to another machine", () =>
    refuses(
      ["--peer", "http://auth.example.com/auth", "--log", "-", "--passwords", passwords],
      "everybody on the way could read the passwords",
    ));

  test.each([
    ["alice secret", ":1: write NAME:PASSWORD"],
    ["a:b\n:secret", ":2: write NAME:PASSWORD"],
    ["a:b\n\nc:sec\0ret", ":3: a control character"],
    ["a:b\na:secret", ":2: the same name stands in an earlier line"],
    [`a:${"secret".repeat(200)}`, ":1: the password is longer than 1024 bytes"],
    ["# nothing\n", "has no password"],
    [Buffer.from([0x61, 0x3a, 0xff]), "is not UTF-8"],
    ["x".repeat(1_000_001), "is larger than"],
  ])("a file of passwords with a fault: %#", async (text, words) => {
    const path = join(site.workspace.folder, "faulty.txt");
    await writeFile(path, text, { mode: 0o600 });
    await refuses(["--log", "-", "--passwords", path], words);
  });

  test("a file of passwords that others may read", async () => {
    const path = join(site.workspace.folder, "open.txt");
    await writeFile(path, "alice:secret\n");
    await chmod(path, 0o604);
    await refuses(["--log", "-", "--passwords", path], `run chmod 600 ${path}`);
  });

  test.each([
    [["--log", "/nonexistent/x"], "can't be read (ENOENT)"],
    [["--log", "/dev/zero"], "is not a regular file"],
    [["--log", "-", "--cacert", "/dev/null"], "is not a regular file"],
    [["--log", "-", "--rate", "0"], "--rate got"],
    [["--log", "-", "--rate", "1001"], "--rate takes at most"],
    [["--log", "-", "--service", "strange"], "there is no service strange"],
    [["--log", "-"], "the 0 lines hold no token request"],
  ])("%j", (args, words) => refuses(args, words));

  test("a log of POST requests alone", () =>
    refuses(
      ["--log", "-"],
      "1 POST requests have their scope in a body",
      '1.2.3.4 - - [x] "POST /auth HTTP/1.1" 200 1\n',
    ));

  test("a log of accounts whose passwords are not given", () =>
    refuses(["--log", "-"], "no password for alice; give --passwords FILE", ALICE));
});
