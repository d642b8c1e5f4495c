// What is read out of logs, whatever their form; and that no line, however hostile, is taken for more than it is.
import { describe, expect, test } from "@jest/globals";
import { readLogLine, type AskedLine } from "../../src/admin/shadow-lines.js";
import { QuestionList, type QuestionSettings } from "../../src/admin/shadow-questions.js";

const PATH = "/auth";
const QUERY = "service=registry&scope=repository%3Ateam%2Fapp%3Apull%2Cpush&account=alice";
const ALICE = { account: "alice", service: "registry", scopes: ["repository:team/app:pull,push"] };
const NOBODY = { ...ALICE, account: null };
const asked = (line: AskedLine) => ({ kind: "asked", asked: line });

const json = (value: object): string => JSON.stringify(value);
const issued = (scopes: string, labels: string): string =>
  `I0102 15:04:05.678901       1 server.go:473] New token for {alice:***@10.0.0.7:4711 ${scopes}}${labels}: ${json({ iss: "Auth", sub: "alice", aud: "registry", access: [] })}`;

describe("a token request is found in", () => {
  test.each([
    [
      "nginx, combined",
      `10.0.0.7 - alice [02/Jan/2027:15:04:05 +0000] "GET /auth?${QUERY} HTTP/1.1" 200 812 "-" "docker/28.2.2"`,
      ALICE,
    ],
    [
      "Apache, common, nobody signed in",
      `10.0.0.7 - - [02/Jan/2027:15:04:05 +0000] "GET /auth?${QUERY.replace("&account=alice", "")} HTTP/1.1" 200 812`,
      NOBODY,
    ],
    [
      "a log with hosts before the address",
      `auth.example.com:443 10.0.0.7 - alice [02/Jan/2027:15:04:05 +0000] "GET /auth?${QUERY} HTTP/2.0" 200 812`,
      ALICE,
    ],
    [
      "a format of its own, by the account parameter",
      `2027-01-02T15:04:05Z upstream=auth "GET /auth?${QUERY} HTTP/1.1" 200`,
      ALICE,
    ],
    [
      "the output of containers",
      `proxy-1  | 10.0.0.7 - alice [02/Jan/2027:15:04:05 +0000] "GET /auth?${QUERY} HTTP/1.1" 200 812`,
      ALICE,
    ],
    [
      "a syslog of Harbor's proxy",
      `Jan  2 15:04:05 172.18.0.1 proxy[1234]: 10.0.0.7 - "GET /auth?${QUERY} HTTP/1.1" 200 812 "-" "docker/28.2.2" 0.012 0.012 .`,
      ALICE,
    ],
    [
      "Caddy",
      json({ request: { method: "GET", uri: `/auth?${QUERY}` }, user_id: "", status: 200 }),
      ALICE,
    ],
    [
      "Traefik",
      json({
        ClientUsername: "-",
        RequestMethod: "GET",
        RequestPath: `/auth?${QUERY}`,
        DownstreamStatus: 200,
      }),
      ALICE,
    ],
    [
      "nginx as JSON",
      json({ remote_user: "alice", request: `GET /auth?${QUERY} HTTP/1.1`, status: "200" }),
      ALICE,
    ],
    [
      "Dockwarden",
      json({
        evt: "token.issue",
        sub: "alice",
        service: "registry",
        asked: ALICE.scopes,
        given: [],
      }),
      ALICE,
    ],
    ["a whole URL", `https://auth.example.com/auth?${QUERY}`, ALICE],
    ["a path", `/auth?${QUERY}`, ALICE],
    ["a request line", `GET /auth?${QUERY} HTTP/1.1`, ALICE],
    ["subject and scope", "alice repository:team/app:pull,push", { ...ALICE, service: null }],
    [
      "subject, scope and service",
      "alice repository:team/app:pull,push Docker registry",
      { ...ALICE, service: "Docker registry" },
    ],
    ["nobody and scope", "@anonymous repository:team/app:pull,push registry", NOBODY],
    ["docker_auth", issued("[{repository  team/app [pull push]}]", " map[]"), ALICE],
    ["docker_auth of old", issued("[{repository team/app [pull push]}]", ""), ALICE],
    ["docker_auth, a login", issued("[]", " map[]"), { ...ALICE, scopes: [] }],
  ])("%s", (_format, line, expected) => {
    expect(readLogLine(line, PATH)).toEqual(asked(expected));
  });

  test("docker_auth's line with several scopes", () => {
    const line = issued("[{repository  a/b [pull]} {registry  catalog [*]}]", " map[team:[x]]");
    expect(readLogLine(line, PATH)).toEqual(
      asked({ ...ALICE, scopes: ["repository:a/b:pull", "registry:catalog:*"] }),
    );
  });

  test("who signed in counts, not who was named", () => {
    const line = `1.2.3.4 - bob [x] "GET /auth?${QUERY} HTTP/1.1" 200 1`;
    expect(readLogLine(line, PATH)).toEqual(asked({ ...ALICE, account: "bob" }));
  });
});

describe("what is no token request that can be compared", () => {
  const clf = (request: string, status = 200, user = "-"): string =>
    `1.2.3.4 - ${user} [02/Jan/2027:15:04:05 +0000] "${request} HTTP/1.1" ${status} 1`;

  test.each([
    [clf("POST /auth"), "post"],
    [clf("POST /service/token"), "post"],
    [clf("POST /v2/team/app/blobs/uploads/"), "other"],
    [clf(`GET /auth?${QUERY}`, 401, "alice"), "refused"],
    [clf("GET /auth?service=registry&scope=%zz"), "damaged"],
    [clf("GET /auth?service=registry&scope=a%00b"), "damaged"],
    [clf("GET /auth?service=registry&scope=a%0ab"), "damaged"],
    [clf("GET /auth?service=a&service=b&scope=repository:a:pull"), "damaged"],
    [clf("GET /auth?service=registry"), "other"],
    [clf("GET /v2/?service=registry&scope=repository:a:pull"), "other"],
    [clf("GET /favicon.ico"), "other"],
    ['{"request":', "other"],
    ['{"request":[],"status":{}}', "other"],
    ["null", "other"],
    ["", "other"],
    ["\u0000\u001b[2J", "other"],
    ['"GET  HTTP/1.1"', "other"],
    ["New token for {alice", "other"],
    ['New token for {a [{{"iss"', "other"],
  ])("%j is %s", (line, kind) => {
    expect(readLogLine(line, PATH).kind).toBe(kind);
  });

  test.each([
    ["{ without end", "{".repeat(16_384)],
    ["[ without end", ` [`.repeat(8_000)],
    ["quotes without end", '"GET '.repeat(3_000)],
    ["docker_auth's braces", issued(`[${"{a".repeat(7_000)}]`, "")],
    ["spaces", " ".repeat(16_384)],
  ])("the longest line of %s is read as well, as something else", (_what, line) => {
    const { kind } = readLogLine(line, PATH);
    expect(["other", "asked"]).toContain(kind);
  });
});

describe("questions", () => {
  const settings: QuestionSettings = {
    services: ["registry", "other"],
    service: null,
    peerService: null,
    tokenPath: PATH,
  };
  const open = (change: Partial<QuestionSettings> = {}, limit?: number): QuestionList =>
    new QuestionList({ ...settings, ...change }, limit);

  test("are asked once, each scope by itself, and the sign-in first", () => {
    const list = open();
    const line = `/auth?service=registry&account=Alice&scope=repository:b:pull,push&scope=repository:a:pull`;
    const found = list.add(line);
    expect(found.map(({ scope }) => scope?.name ?? null)).toEqual([null, "b", "a"]);
    expect(found[0]?.account).toEqual({ spelled: "Alice", name: "alice" });
    expect(list.add(line)).toEqual([]);
    expect(list.add("Alice repository:b:push,pull registry")).toEqual([]);
    expect(list.add("Alice repository:b:pull registry")).toHaveLength(1);
    expect(list.read).toMatchObject({ lines: 4, requests: 4 });
  });

  test("of a service that is not ours are about the first, and asked there by its name", () => {
    const [question] = open().add("@anonymous repository:a:pull Docker registry");
    expect(question).toMatchObject({ service: "registry", peerService: "Docker registry" });
    const told = open({ service: "other", peerService: "theirs" });
    const [other] = told.add("@anonymous repository:a:pull registry");
    expect(other).toMatchObject({ service: "other", peerService: "theirs" });
  });

  test("that nobody here can ask are counted and named", () => {
    const list = open();
    expect(list.add("robot$ci repository:a:pull")).toEqual([]);
    expect(list.add("\u001b[31m repository:a:pull")).toEqual([]);
    expect(list.add("@anonymous repository:a:scanner-pull")).toEqual([]);
    expect(list.add("@anonymous repository:a:inspect")).toEqual([]);
    expect(list.add("@anonymous artifact:a:pull")).toEqual([]);
    expect(list.add("@anonymous repository:Team:pull")).toEqual([]);
    const many = Array.from({ length: 33 }, (_, at) => `scope=repository:a${at}:pull`).join("&");
    expect(list.add(`/auth?service=registry&${many}`)).toEqual([]);
    expect(list.add(null)).toEqual([]);
    expect(list.add("  ")).toEqual([]);
    const { strangeNames, strangeScopes, malformed, tooLong, lines } = list.read;
    expect(strangeNames).toEqual({ count: 2, words: ["robot$ci", "\u001b[31m"] });
    expect(strangeScopes.words).toEqual(["repository:a:inspect", "artifact:a:pull"]);
    expect(malformed).toEqual({ count: 3, words: ["line 3", "line 6", "line 7"] });
    expect({ tooLong, lines }).toEqual({ tooLong: 1, lines: 8 });
  });

  test("beyond the limit are counted and not kept", () => {
    const list = open({}, 2);
    for (const name of ["a", "b", "c", "a"]) list.add(`@anonymous repository:${name}:pull`);
    expect(list.read.beyond).toBe(1);
  });
});
