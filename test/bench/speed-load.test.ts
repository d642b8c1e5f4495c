// What the load generator is told, what it says, and what an answer must be before it is measured.
import { describe, expect, test } from "@jest/globals";
import { expectAnyToken, expectStatus, expectToken } from "../../bench/speed/checks.js";
import { headersOf, planTokenFloor } from "../../bench/speed/floor-plan.js";
import { parseOptions } from "../../bench/speed/options.js";
import { readPeer } from "../../bench/speed/peer.js";
import {
  basic,
  formatRequest,
  tokenRequest,
  type SpeedAnswer,
} from "../../bench/speed/requests.js";
import { parseWrk } from "../../bench/speed/wrk.js";
import { spreadTurns, writeScript } from "../../bench/speed/wrk-script.js";

const SAID = {
  requests: 4000,
  microseconds: 2_000_000,
  p50: 1500,
  p95: 2500,
  p99: 9000,
  connect: 0,
  read: 0,
  write: 0,
  timeout: 0,
  status: 0,
  used: 0,
  spent: 0,
};
const output = (said: object): string =>
  `Running 2s test\n  16 connections\nMEASURED ${JSON.stringify(said)}\n`;

describe("what wrk says", () => {
  test("is read in seconds and milliseconds", () => {
    expect(parseWrk(output(SAID))).toEqual({
      requests: 4000,
      seconds: 2,
      p50: 1.5,
      p95: 2.5,
      p99: 9,
      errors: {},
      used: 0,
      isSpent: false,
    });
  });

  test("names errors by their kind, and that accounts ran out", () => {
    const figures = parseWrk(output({ ...SAID, status: 7, timeout: 1, used: 90, spent: 1 }));
    expect(figures).toMatchObject({ errors: { status: 7, timeout: 1 }, used: 90, isSpent: true });
  });

  test("without its line, or with a figure missing, is a fault", () => {
    expect(() => parseWrk("unable to connect")).toThrow("unable to connect");
    expect(() => parseWrk(output({ requests: 1 }))).toThrow("microseconds");
  });
});

describe("what wrk is told", () => {
  test("a request is written out with its host, its length and its body", () => {
    const headers = { "Content-Type": "application/x-www-form-urlencoded" };
    const request = { method: "POST", path: "/token", headers, body: "a=ä" } as const;
    expect(formatRequest(request, "127.0.0.1:5001")).toBe(
      "POST /token HTTP/1.1\r\nHost: 127.0.0.1:5001\r\nUser-Agent: dockwarden-bench\r\n" +
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\n\r\na=ä",
    );
  });

  test("a token request names service, scopes and who asks", () => {
    const request = tokenRequest(["repository:a/b:pull"], basic("user", "secret"));
    expect(request.path).toBe("/token?service=registry&scope=repository%3Aa%2Fb%3Apull");
    expect(request.headers).toEqual({ Authorization: "Basic dXNlcjpzZWNyZXQ=" });
  });

  test("turns are spread evenly over a cycle", () => {
    expect(spreadTurns([1])).toEqual([1]);
    expect(spreadTurns([3, 1])).toEqual([1, 1, 2, 1]);
    const mixed = spreadTurns([16, 3, 1]);
    expect([1, 2, 3].map((lane) => mixed.filter((turn) => turn === lane).length)).toEqual([
      16, 3, 1,
    ]);
  });

  test("quotes and line ends in a request can't end the string of the script", () => {
    const request = { method: "GET", path: "/", headers: { A: '"\\' } } as const;
    const script = writeScript({ lanes: [{ requests: [request], share: 1 }] }, "h:1");
    expect(script).toContain(String.raw`A: \"\\\r\n\r\n"`);
    expect(script).not.toContain("function delay");
  });

  test("a paced load rests before each request", () => {
    const lanes = [{ requests: [tokenRequest([])], share: 1 }];
    expect(writeScript({ lanes, pauseMilliseconds: 6 }, "h:1")).toContain("return 6");
  });
});

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function tokenAnswer(claims: object, status = 200): SpeedAnswer {
  const token = `${part({ alg: "ES256", x5c: ["MII"] })}.${part(claims)}.c2ln`;
  const members = {
    token,
    access_token: token,
    expires_in: 300,
    issued_at: "2026-01-01T00:00:00Z",
  };
  const headers = [
    ["cache-control", "no-store"],
    ["date", "now"],
    ["content-length", "9"],
  ] as const;
  return { status, headers, text: JSON.stringify(members) };
}

const CLAIMS = {
  sub: "user",
  iat: 100,
  exp: 400,
  jti: "1234",
  access: [{ type: "repository", name: "a/b", actions: ["pull"] }],
};

describe("what an answer must be", () => {
  const check = expectToken({ subject: "user", pulled: ["a/b"] });

  test("the rights that are expected, no more and no fewer", () => {
    expect(check(tokenAnswer(CLAIMS))).toBeNull();
    const more = [...CLAIMS.access, { type: "repository", name: "c", actions: ["pull"] }];
    expect(check(tokenAnswer({ ...CLAIMS, access: more }))).toContain("c:pull");
    expect(check(tokenAnswer({ ...CLAIMS, access: [] }))).toContain("rights []");
  });

  test("denied is a token in which the repository has no action", () => {
    const denied = expectToken({ subject: "user", pulled: [] });
    const access = [{ type: "repository", name: "a/b", actions: [] }];
    expect(denied(tokenAnswer({ ...CLAIMS, access }))).toBeNull();
    expect(denied(tokenAnswer(CLAIMS))).toContain("a/b:pull");
  });

  test("another status, another account or another signature is told", () => {
    expect(check(tokenAnswer(CLAIMS, 429))).toContain("429");
    expect(check(tokenAnswer({ ...CLAIMS, sub: "" }))).toContain('for ""');
    const rsa = expectToken({ subject: "user", pulled: ["a/b"], algorithm: "RS256" });
    expect(rsa(tokenAnswer(CLAIMS))).toContain("ES256");
    expect(expectStatus(204)({ status: 403, headers: [], text: "" })).toContain("403");
  });

  test("of another server any token will do, but a page won't", () => {
    expect(expectAnyToken(tokenAnswer(CLAIMS))).toBeNull();
    expect(expectAnyToken({ status: 200, headers: [], text: "<html>" })).toBe("not JSON");
    expect(expectAnyToken({ status: 200, headers: [], text: "{}" })).toBe("no token in it");
  });

  test("the floor of a token gets its size: header, claims, members and headers but Node's own", () => {
    const plan = planTokenFloor(tokenAnswer(CLAIMS), 7);
    expect(plan).toEqual({
      kind: "token",
      port: 7,
      modules: expect.stringMatching(/dist.crypto$/),
      algorithm: "ES256",
      header: part({ alg: "ES256", x5c: ["MII"] }),
      claims: CLAIMS,
      members: { expires_in: 300 },
      headers: [["cache-control", "no-store"]],
    });
    expect(headersOf(tokenAnswer(CLAIMS))).toHaveLength(1);
  });
});

describe("the command line", () => {
  test("everything is measured where nothing is said", () => {
    const options = parseOptions([]);
    expect(options).toMatchObject({
      ok: true,
      value: { isQuick: false, isStrict: false, json: null },
    });
    expect(options.ok && options.value.only.size).toBe(17);
  });

  test("JSON goes to standard output, or to the file that is named", () => {
    expect(parseOptions(["--json"])).toMatchObject({ value: { json: { file: null } } });
    expect(parseOptions(["--json", "--quick"])).toMatchObject({
      value: { json: { file: null }, isQuick: true },
    });
    expect(parseOptions(["--json", "a.json"])).toMatchObject({
      value: { json: { file: "a.json" } },
    });
  });

  test("some cases by name; a name that there is not is told", () => {
    const options = parseOptions(["--only", "anonymous,warm", "--strict"]);
    expect(options.ok && [...options.value.only]).toEqual(["anonymous", "warm"]);
    expect(parseOptions(["--only", "anonimous"])).toMatchObject({ ok: false });
    expect(parseOptions(["--only"])).toMatchObject({ ok: false });
    expect(parseOptions(["--fast"])).toEqual({
      ok: false,
      error: '"--fast" is not an option; see --help',
    });
  });
});

describe("BENCH_PEER_URL", () => {
  const read = (url: string, more = {}) => readPeer({ BENCH_PEER_URL: url, ...more });

  test("a URL of this machine is taken apart", () => {
    expect(read("http://localhost:5002/auth?service=registry")).toEqual({
      ok: true,
      value: { host: "localhost:5002", path: "/auth?service=registry", login: null },
    });
    expect(readPeer({})).toEqual({ ok: true, value: null });
  });

  test("with a user the password is measured, too; one without the other is a fault", () => {
    const login = { BENCH_PEER_USER: "user", BENCH_PEER_PASSWORD: "secret" };
    const peer = read("http://127.0.0.1/auth", login);
    expect(peer).toMatchObject({
      value: { host: "127.0.0.1:80", login: { user: "user", password: "secret" } },
    });
    expect(read("http://127.0.0.1/", { BENCH_PEER_USER: "user" })).toMatchObject({ ok: false });
  });

  test.each([
    "http://registry.example.com/auth",
    "http://127.0.0.1.example.com/auth",
    "http://192.0.2.7/auth",
    "https://localhost/auth",
    "http://user:secret@localhost/auth",
    "localhost:5001",
  ])("%s is refused", (url) => {
    expect(read(url)).toMatchObject({ ok: false });
  });
});
