// The token endpoint over HTTP: THREATS groups A and C, and the interop cases of REGISTRY-FACTS §5.
import { beforeEach, describe, expect, test } from "@jest/globals";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import request from "supertest";
import { StoreUnavailable } from "../../src/domain/ports.js";
import { createHttpServer } from "../../src/http/server.js";
import { drain, listen } from "../../src/http/listening.js";
import { fakeServer, NOW, type FakeServer } from "../support/fake-http.js";

let server: FakeServer;
beforeEach(() => {
  server = fakeServer();
});

const get = (query: string) => request(server.listener).get(`/token?${query}`);
const as = (query: string, name: string) => get(query).auth(name, `pw-${name}`);
const access = () => server.signed.at(-1)?.access;
const repo = (name: string, ...actions: string[]) => ({ type: "repository", name, actions });

/** Refused: the right status, the body that every client can show, no token, nothing reflected. */
async function refused(
  pending: request.Test,
  status: number,
  error: string,
): Promise<request.Response> {
  const response = await pending;
  expect({ status: response.status, error: (response.body as { error: string }).error }).toEqual({
    status,
    error,
  });
  const body = response.body as {
    error_description: string;
    errors: { code: string; message: string }[];
  };
  expect(body.errors[0]?.message).toBe(body.error_description);
  expect(body.error_description).toMatch(/^[\x20-\x7e]+$/);
  expect(body.error_description).not.toMatch(/["\\]/);
  expect(server.signed).toEqual([]);
  return response;
}

/** Sends bytes as they are and answers what comes back. */
async function raw(bytes: string): Promise<string> {
  const httpServer = createHttpServer(server.context, { isPublic: true, isInternal: true });
  const port = await listen(httpServer, "127.0.0.1", 0);
  const answer = await new Promise<string>((resolve) => {
    let text = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes, "latin1"));
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("close", () => {
      resolve(text);
    });
    socket.on("error", () => {
      resolve(text);
    });
  });
  await drain(httpServer, 0);
  return answer;
}

describe("answers", () => {
  test("interop 1: the whole answer, with the headers of every answer", async () => {
    const response = await as("service=reg", "alice");
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      token: "token-1",
      access_token: "token-1",
      expires_in: 300,
      issued_at: "2027-01-15T08:00:00Z",
    });
    expect(response.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "content-type": "application/json",
    });
    expect(response.headers["etag"]).toBeUndefined();
    expect(response.headers["x-powered-by"]).toBeUndefined();
  });

  test("D01: the claims", async () => {
    await as("service=reg&scope=repository:team/app:pull", "alice");
    expect(server.signed[0]).toMatchObject({
      issuer: "dockwarden",
      subject: "alice",
      audience: "reg",
      issuedAt: NOW,
      notBefore: NOW - 10,
      expiresAt: NOW + 300,
      holder: { account: 1 },
    });
  });

  test.each([
    ["C01: bob asks for push", "bob", "repository:team/app:pull,push", [repo("team/app", "pull")]],
    ["C02: a star is never echoed", "bob", "repository:team/app:*", [repo("team/app", "pull")]],
    ["C02: a star among others", "bob", "repository:team/app:pull,*", [repo("team/app", "pull")]],
    [
      "C02: only what isn't allowed",
      "bob",
      "repository:team/app:push,delete,admin",
      [repo("team/app")],
    ],
    [
      "C04: repeats and order",
      "alice",
      "repository:team/app:push,pull,pull",
      [repo("team/app", "pull", "push")],
    ],
    [
      "C07: another name",
      "alice",
      "repository:localhost:5000/team/app:pull",
      [repo("localhost:5000/team/app")],
    ],
    ["C10: no folding", "alice", "repository:Team/app:pull", [repo("Team/app")]],
    [
      "C11: the class is dropped",
      "alice",
      "repository(plugin):team/app:pull",
      [repo("team/app", "pull")],
    ],
    ["C12: no entry for an unknown type", "alice", "xrepositoryx:team/app:pull", []],
    [
      "C13: the catalogue for alice",
      "alice",
      "registry:catalog:*",
      [{ type: "registry", name: "catalog", actions: [] }],
    ],
    [
      "C13: the catalogue for root",
      "root",
      "registry:catalog:*",
      [{ type: "registry", name: "catalog", actions: ["*"] }],
    ],
    [
      "C13: not by another action",
      "root",
      "registry:catalog:pull",
      [{ type: "registry", name: "catalog", actions: [] }],
    ],
    [
      "C13: not by another name",
      "root",
      "registry:other:*",
      [{ type: "registry", name: "other", actions: [] }],
    ],
    [
      "interop 12: a star for root",
      "root",
      "repository:team/app:*",
      [repo("team/app", "pull", "push", "delete")],
    ],
    [
      "C17: merged",
      "alice",
      "repository:team/app:pull&scope=repository:team/app:pull,push",
      [repo("team/app", "pull", "push")],
    ],
    [
      "C22: a mount",
      "alice",
      "repository:team/app:pull,push%20repository:secret/x:pull",
      [repo("team/app", "pull", "push"), repo("secret/x")],
    ],
    ["C23: push is not delete", "alice", "repository:team/app:delete", [repo("team/app")]],
    [
      "A03: space-joined by plus",
      "alice",
      "repository:team/app:pull+repository:public/base:pull",
      [repo("team/app", "pull"), repo("public/base", "pull")],
    ],
    ["A05: empty", "alice", "", []],
  ])("%s", async (_name, who, scope, expected) => {
    const response = await as(`service=reg&scope=${scope}`, who);
    expect(response.status).toBe(200);
    expect(access()).toEqual(expected);
  });

  test("interop 17: anonymous pulls what is public, with an empty sub", async () => {
    const response = await get("service=reg&scope=repository:public/base:pull,push&account=root");
    expect(response.status).toBe(200);
    expect(server.signed[0]).toMatchObject({
      subject: "",
      holder: null,
      access: [repo("public/base", "pull")],
    });
  });

  test("B05, interop 18: `Basic Og==` is anonymous", async () => {
    const response = await get("service=reg").set("Authorization", "Basic Og==");
    expect({ status: response.status, sub: server.signed[0]?.subject }).toEqual({
      status: 200,
      sub: "",
    });
  });

  test("B03: another account parameter decides nothing and is logged", async () => {
    await as("service=reg&account=bob", "alice");
    expect(server.signed[0]?.subject).toBe("alice");
    expect(server.log.at(-1)).toMatchObject({
      evt: "token.issue",
      sub: "alice",
      claimed_account: "bob",
    });
  });

  test("A21: unknown parameters are ignored", async () => {
    expect((await as("service=reg&foo=bar&resource=x&foo=baz", "alice")).status).toBe(200);
  });

  test("A23: conditional and range requests get the whole answer", async () => {
    const response = await as("service=reg", "alice")
      .set("If-None-Match", "*")
      .set("Range", "bytes=0-9")
      .set("Accept", "text/html");
    expect(response.status).toBe(200);
    expect(response.type).toBe("application/json");
  });

  test.each(["/auth/token", "/auth/token/"])("%s is the same endpoint", async (path) => {
    expect((await request(server.listener).get(`${path}?service=reg`)).status).toBe(200);
  });
});

describe("refusals", () => {
  test.each([
    ["A01: service twice", "service=reg&service=evil"],
    ["A01: account twice", "service=reg&account=a&account=b"],
    ["A02: an array's form", "service[]=reg"],
    ["A02: an object's form", "service[__proto__][x]=1"],
    ["A10: invalid UTF-8", "service=reg&scope=repository:f%ff:pull"],
    ["A10: not hexadecimal", "service=reg&scope=%zz"],
    ["A10: an old escape", "service=reg&scope=%u0041"],
    ["A10: overlong", "service=reg&scope=%c0%af"],
    ["A11: NUL", "service=reg&account=a%00"],
    ["A11: line end", "service=reg%0d%0a"],
    ["A11: escape", "service=reg&client_id=%1b[2J"],
    ["C20: no service", "scope=repository:a:pull"],
    ["C20: another service", "service=evil"],
    ["C20: capitals", "service=REG"],
    ["C20: a space behind", "service=reg%20"],
    ["C20: 300 characters", `service=${"r".repeat(300)}`],
    ["A19: a query beyond 8 KB", `service=reg&x=${"y".repeat(8200)}`],
  ])("%s", async (_name, query) => {
    await refused(get(query), 400, "invalid_request");
  });

  test("A02: __proto__ is an unknown parameter", async () => {
    expect((await get("service=reg&__proto__=1")).status).toBe(200);
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });

  test.each([
    "foo",
    "repository:team//app:pull",
    "repository:team%252Fapp:pull",
    "repository:team/app:PULL",
    `repository:${"a".repeat(256)}:pull`,
  ])("C05, C06, C21, interop 16: the scope %s", async (scope) => {
    await refused(as(`service=reg&scope=${scope}`, "alice"), 400, "invalid_scope");
  });

  test.each([
    ["bad_password", "alice", "wrong"],
    ["unknown_account", "nobody", "wrong"],
    ["disabled", "carol", "pw-carol"],
    ["expired", "expired", "pw-expired"],
    ["unknown_account", "al\u200bice", "pw-alice"],
  ])("B01, B02, B11: %s for %s looks like every other", async (reason, name, password) => {
    const response = await refused(get("service=reg").auth(name, password), 401, "invalid_client");
    expect(response.body).toEqual({
      error: "invalid_client",
      error_description:
        "wrong user name or password, or the account is not active; run docker login again or ask the registry's operator",
      errors: [{ code: "UNAUTHORIZED", message: expect.any(String) }],
    });
    expect(response.headers["www-authenticate"]).toBe('Basic realm="Dockwarden", charset="UTF-8"');
    expect(server.hashes.count).toBe(1);
    expect(server.log.at(-1)).toMatchObject({ evt: "auth.fail", reason });
    expect(JSON.stringify(server.log)).not.toContain(password);
  });

  test.each(["Bearer x", "Basic", "Basic !!!!", "Basic YWxpY2U=", "Basic /////w==", "Digest x"])(
    "a damaged or foreign Authorization (%s) is 401, never anonymous",
    async (header) => {
      await refused(get("service=reg").set("Authorization", header), 401, "invalid_client");
      expect(server.hashes.count).toBe(0);
    },
  );

  test.each([":token", "alice:"])("B05: an empty half (%s) costs no hash", async (pair) => {
    const header = `Basic ${Buffer.from(pair).toString("base64")}`;
    await refused(get("service=reg").set("Authorization", header), 401, "invalid_client");
    expect(server.hashes.count).toBe(0);
  });

  test.each(["put", "delete", "patch", "options", "trace"] as const)(
    "A17: %s is 405 and names GET and POST",
    async (method) => {
      const response = await refused(
        request(server.listener)[method]("/token?service=reg"),
        405,
        "invalid_request",
      );
      expect(response.headers["allow"]).toBe("GET, POST");
    },
  );

  test("A17: HEAD mints nothing", async () => {
    expect((await request(server.listener).head("/token?service=reg")).status).toBe(405);
    expect(server.signed).toEqual([]);
  });

  test.each([
    "/TOKEN",
    "/token/",
    "//token",
    "/token;a=b",
    "/%74oken",
    "/token%00",
    "/auth/token//",
    "/nothing",
  ])("A18: %s is 404", async (path) => {
    expect((await request(server.listener).get(`${path}?service=reg`)).status).toBe(404);
    expect(server.signed).toEqual([]);
  });
});

describe("bytes on the wire", () => {
  const head = "GET /token?service=reg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
  const basic = (name: string) =>
    `Authorization: Basic ${Buffer.from(`${name}:pw-${name}`).toString("base64")}\r\n`;

  test("A12: two Authorization headers are refused", async () => {
    expect(await raw(`${head}${basic("alice")}${basic("root")}\r\n`)).toMatch(/^HTTP\/1.1 400 /);
    expect(server.signed).toEqual([]);
    expect(server.log.at(-1)).toMatchObject({ reason: "multiple_credentials" });
  });

  test("A14: headers named like members of objects are ordinary", async () => {
    expect(await raw(`${head}__proto__: x\r\nconstructor: y\r\n\r\n`)).toMatch(/^HTTP\/1.1 200 /);
  });

  test.each([
    ["A15: two Host headers", `${head}Host: y\r\n\r\n`],
    ["A15: no Host", "GET /token?service=reg HTTP/1.1\r\nConnection: close\r\n\r\n"],
    [
      "A15: absolute form",
      "GET http://evil/token?service=reg HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
    ["A16: two lengths", `${head}Content-Length: 1\r\nContent-Length: 2\r\n\r\nx`],
    [
      "A16: length and chunks",
      `${head}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ["A16: NUL in a header", `${head}X: a\0b\r\n\r\n`],
    ["A16: HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    [
      "raw bytes beyond ASCII",
      "GET /token?service=r\xe9g HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    ],
  ])("%s: 400", async (_name, bytes) => {
    const answer = await raw(bytes);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    for (const header of ["no-store", "nosniff", "no-referrer"]) expect(answer).toContain(header);
    expect(server.signed).toEqual([]);
  });

  test.each([
    ["more than 100 headers", `${head}${"a: b\r\n".repeat(101)}\r\n`, 431],
    ["two Host headers", `${head}Host: y\r\n\r\n`, 400],
    ["no Host", "GET /token HTTP/1.1\r\nConnection: close\r\n\r\n", 400],
    [
      "an absolute target",
      "GET http://evil/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
      400,
    ],
  ])("%s: one line in the log, without what was sent", async (_name, bytes, status) => {
    await raw(bytes);
    const line = server.log.at(-1);
    expect(line).toMatchObject({
      evt: "request.refuse",
      status,
      ip: expect.any(String) as unknown,
    });
    expect(JSON.stringify(line)).not.toMatch(/evil/);
  });

  test("an unknown expectation is answered as if it were not there, with all headers", async () => {
    const answer = await raw(`${head}Expect: teapot\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain("no-store");
  });

  test("HTTP/1.0 without a Host, as some balancers ask, is answered", async () => {
    expect(await raw("GET /health/live HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1.1 200 /);
  });

  test("A19: a query of 17,000 bytes is 431", async () => {
    expect(
      await raw(`GET /token?service=${"r".repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    ).toMatch(/^HTTP\/1.1 431 /);
  });

  test("finding 19: 2,500 headers are 431, and never anonymous", async () => {
    expect(await raw(`${head}${"a:\r\n".repeat(2500)}${basic("alice")}\r\n`)).toMatch(
      /^HTTP\/1.1 431 /,
    );
    expect(server.signed).toEqual([]);
  });
});

describe("faults", () => {
  test.each([
    [
      "C24: the store fails",
      new StoreUnavailable("failed", "secret path"),
      503,
      "temporarily_unavailable",
    ],
    ["I04: an error", new Error("secret detail"), 500, "server_error"],
    ["I04: something that is no error", "secret", 500, "server_error"],
  ])("%s: no token, no detail", async (_name, fault, status, error) => {
    server.fault.reader = fault;
    const response = await refused(
      as("service=reg&scope=repository:team/app:pull", "alice"),
      status,
      error,
    );
    expect(response.text).not.toContain("secret");
    server.fault.reader = null;
    expect((await as("service=reg", "alice")).status).toBe(200);
  });

  test("I09: live and ready are cheap, say no version and no path", async () => {
    server.state.warnings = ["the token CA ends in 20 days"];
    const ready = await request(server.listener).get("/health/ready");
    expect({ status: ready.status, body: ready.body as unknown }).toEqual({
      status: 200,
      body: { status: "degraded", reasons: ["the token CA ends in 20 days"] },
    });
    server.state.blockers = ["the store can't be read"];
    expect((await request(server.listener).get("/health/ready")).status).toBe(503);
    expect((await request(server.listener).get("/health/live")).status).toBe(200);
  });

  test("I01: while stopping ready is 503, and a request in flight is finished", async () => {
    server.state.isStopping = true;
    expect((await request(server.listener).get("/health/ready")).status).toBe(503);
    let release: () => void = () => undefined;
    const slow: Server = createServer((_request, response) => {
      release = () => response.end("done");
    });
    const port = await listen(slow, "127.0.0.1", 0);
    const pending = request(`http://127.0.0.1:${port}`)
      .get("/")
      .then((answer) => answer.text);
    await new Promise<void>((resolve) =>
      slow.once("request", () => {
        resolve();
      }),
    );
    const drained = drain(slow, 5000);
    release();
    expect(await pending).toBe("done");
    await drained;
    expect(slow.address()).toBeNull();
  });

  test("B16, B17, B18: the client's address", async () => {
    const ip = async (proxies: string[], forwarded: string): Promise<unknown> => {
      server = fakeServer(proxies);
      await get("service=reg").set("X-Forwarded-For", forwarded);
      return server.log.at(-1)?.["ip"];
    };
    expect(await ip([], "9.9.9.9")).toBe("127.0.0.1");
    expect(await ip(["127.0.0.1"], "9.9.9.9, 8.8.8.8")).toBe("8.8.8.8");
    expect(await ip(["127.0.0.0/8", "10.0.0.0/8"], "9.9.9.9, 8.8.8.8, 10.1.1.1")).toBe("8.8.8.8");
  });

  test("pages: front page with a policy, certificate, keys, and 404 as JSON", async () => {
    const front = await request(server.listener).get("/");
    expect(front.status).toBe(200);
    expect(front.text).toContain("docker login");
    expect(front.headers["content-security-policy"]).toContain("default-src 'none'");
    expect((await request(server.listener).get("/.well-known/token-ca.pem")).text).toContain(
      "BEGIN CERTIFICATE",
    );
    expect((await request(server.listener).get("/.well-known/jwks.json")).body).toEqual({
      keys: [],
    });
    expect((await request(server.listener).get("/x")).body).toMatchObject({
      errors: [{ code: "UNSUPPORTED" }],
    });
  });
});
