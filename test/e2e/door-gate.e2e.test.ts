// The door and the gate: nginx with door/nginx.conf before stand-ins for Dockwarden and the registry, to the last header.
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { startDoor, type Door } from "../support/door.js";
import { findFreePort } from "../support/free-port.js";
import { describeWith } from "../support/programs.js";
import { startStandIn, type StandIn } from "../support/stand-in.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const CHALLENGE =
  'Bearer realm="https://elsewhere.example.com/token",service="registry",scope="repository:team/app:pull",error="invalid_token"';

interface RawAnswer {
  readonly status: number;
  /** Lower-case names, as they came. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

describeWith(["nginx"], "the door's gate", () => {
  let workspace: Workspace;
  let gate: StandIn;
  let registry: StandIn;
  let door: Door;

  beforeEach(async () => {
    workspace = await openWorkspace();
    gate = await startStandIn(workspace);
    registry = await startStandIn(workspace);
    gate.answer(() => ({ status: 204 }));
    door = await openDoor();
  });

  afterEach(() => workspace.close());

  async function openDoor(env: Readonly<Record<string, string>> = {}): Promise<Door> {
    const port = await findFreePort();
    const servers = { registry: registry.address, dockwarden: gate.address };
    return startDoor(workspace, { port, ...servers, env });
  }

  /** One request to the last byte, so that nothing between cleans its path or merges its headers. */
  function ask(
    method: string,
    target: string,
    lines: readonly string[] = [],
    body = "",
  ): Promise<RawAnswer> {
    return new Promise((resolve, reject) => {
      const socket = connect(door.port, "127.0.0.1");
      const head = [`${method} ${target} HTTP/1.1`, `Host: ${door.host}`, "Connection: close"];
      const chunks: Buffer[] = [];
      socket.on("data", (chunk) => chunks.push(chunk));
      socket.once("error", reject);
      socket.once("end", () => {
        resolve(parseAnswer(Buffer.concat(chunks).toString("utf8")));
      });
      socket.write(`${[...head, ...lines].join("\r\n")}\r\n\r\n${body}`);
    });
  }

  test("asks before each request to the registry: method, path as it came, credential, and no body", async () => {
    const lines = ["Authorization: Bearer one", "Content-Length: 4", "X-Original-URI: /v2/"];
    const target = "/v2/team%2Fapp//manifests/../%761?tag=a&tag=b";
    await ask("PUT", target, [...lines, "X-Forwarded-Method: GET", "X-Forwarded-Uri: /"], "body");
    const [asked, ...more] = gate.take();
    expect(more).toEqual([]);
    expect(asked).toMatchObject({ method: "GET", target: "/authz", body: "" });
    expect(asked?.headers).toMatchObject({
      "x-original-uri": target,
      "x-original-method": "PUT",
      authorization: "Bearer one",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "http",
      host: door.host,
    });
    for (const name of ["x-forwarded-method", "x-forwarded-uri", "transfer-encoding"]) {
      expect(asked?.headers).not.toHaveProperty([name]);
    }
    expect(registry.take()).toMatchObject([{ method: "PUT", target, body: "body" }]);
  });

  test("asks about a body of unknown length without handing any of it on", async () => {
    const lines = ["Transfer-Encoding: chunked"];
    await ask("PATCH", "/v2/team/app/blobs/uploads/1", lines, "4\r\nbody\r\n0\r\n\r\n");
    const [asked] = gate.take();
    expect(asked).toMatchObject({ body: "" });
    expect(asked?.headers).not.toHaveProperty(["transfer-encoding"]);
    expect(registry.take()).toMatchObject([{ method: "PATCH", body: "body" }]);
  });

  test("lets the gate see two Authorization headers where there are two, or passes neither", async () => {
    const answer = await ask("GET", "/v2/", [
      "Authorization: Bearer one",
      "Authorization: Basic x",
    ]);
    const [asked] = gate.take();
    const seen = asked?.rawHeaders.filter((word) => /^authorization$/i.test(word)).length ?? 0;
    expect([answer.status === 400, seen === 2]).toContain(true);
  });

  test.each([
    "/v2",
    "/v2/",
    "/%762/",
    "//v2/team/app/tags/list",
    "/token/../v2/team/app/tags/list",
    "/v2/team/app/manifests/v1",
    "/v2/_catalog/",
    "/v2/_gate",
  ])("asks about %s", async (target) => {
    await ask("GET", target);
    expect(gate.take()[0]?.headers["x-original-uri"]).toBe(target);
  });

  describe("refused", () => {
    const reason = "denied: reader may pull telechat but not push; ref 7F3K";

    test("answers 403 with the gate's reason as the registry would word it", async () => {
      gate.answer(() => ({ status: 403, headers: { "X-Deny-Reason": reason }, body: "<html>" }));
      const answer = await ask("PUT", "/v2/telechat/manifests/v1", ["Content-Length: 2"], "{}");
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toEqual({ errors: [{ code: "DENIED", message: reason }] });
      expect(valuesOf(answer, "content-type")).toEqual(["application/json"]);
      expect(valuesOf(answer, "www-authenticate")).toEqual([]);
      expect(registry.take()).toEqual([]);
    });

    test.each(['x","y":"z', "back\\slash", ""])(
      "stays JSON with the reason %j",
      async (odd: string) => {
        gate.answer(() => ({ status: 403, headers: { "X-Deny-Reason": odd } }));
        const answer = await ask("GET", "/v2/telechat/manifests/v1");
        expect(answer.status).toBe(403);
        const message = "the policy does not allow it";
        expect(JSON.parse(answer.body)).toEqual({ errors: [{ code: "DENIED", message }] });
      },
    );

    test("answers a HEAD with 403 and nothing behind it", async () => {
      gate.answer(() => ({ status: 403, headers: { "X-Deny-Reason": reason } }));
      expect(await ask("HEAD", "/v2/telechat/manifests/v1")).toMatchObject({
        status: 403,
        body: "",
      });
      expect(registry.take()).toEqual([]);
    });

    test("a token that is over gets the gate's challenge, once, with the address that the client used", async () => {
      gate.answer(() => ({ status: 401, headers: { "WWW-Authenticate": CHALLENGE } }));
      const answer = await ask("GET", "/v2/team/app/manifests/v1", ["Authorization: Bearer old"]);
      expect(answer.status).toBe(401);
      expect(valuesOf(answer, "www-authenticate")).toEqual([
        CHALLENGE.replace("https://elsewhere.example.com/token", `${door.url}/token`),
      ]);
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
      expect(valuesOf(answer, "content-type")).toEqual(["application/json"]);
      expect(registry.take()).toEqual([]);
    });
  });

  test("hands on what the registry refuses, with the address that the client used", async () => {
    registry.answer(() => ({
      status: 401,
      headers: { "WWW-Authenticate": CHALLENGE, "Content-Type": "application/json" },
      body: '{"errors":[]}',
    }));
    const answer = await ask("GET", "/v2/");
    expect(answer).toMatchObject({ status: 401, body: '{"errors":[]}' });
    expect(valuesOf(answer, "www-authenticate")).toEqual([
      CHALLENGE.replace("https://elsewhere.example.com/token", `${door.url}/token`),
    ]);
    registry.answer(() => ({ status: 403, body: "the registry's own" }));
    expect(await ask("GET", "/v2/")).toMatchObject({ status: 403, body: "the registry's own" });
    registry.answer(() => ({ status: 404, body: "not there" }));
    expect(await ask("GET", "/v2/")).toMatchObject({ status: 404, body: "not there" });
    registry.answer(() => ({ status: 500, body: "its fault" }));
    expect(await ask("GET", "/v2/")).toMatchObject({ status: 500, body: "its fault" });
  });

  describe("never opens, and says in JSON to try again, when the gate", () => {
    async function expectShut(): Promise<void> {
      for (const [method, target] of [
        ["GET", "/v2/team/app/manifests/v1"],
        ["PUT", "/v2/team/app/manifests/v1"],
      ] as const) {
        const answer = await ask(method, target, ["Content-Length: 2"], "{}");
        expect(answer.status).toBe(503);
        expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: "UNAVAILABLE" }] });
        expect(valuesOf(answer, "retry-after")).toEqual(["5"]);
      }
      expect(registry.take()).toEqual([]);
    }

    test.each([301, 302, 400, 404, 429, 500, 502, 503, 504])("answers %d", async (status) => {
      gate.answer(() => ({ status, headers: { Location: "/v2/" }, body: "<html>" }));
      await expectShut();
    });

    test("cuts the connection", async () => {
      gate.answer(() => null);
      await expectShut();
    });

    test("is down", async () => {
      await gate.stop();
      await expectShut();
    });
  });

  test.each([
    ["GET", "/authz"],
    ["GET", "/authz/"],
    ["GET", "/%61uthz"],
    ["GET", "/v2/../authz"],
    ["GET", "/token/../authz"],
    ["POST", "/events"],
    ["POST", "//events"],
    ["GET", "/_gate"],
    ["GET", "/health"],
  ])("nobody outside reaches %s %s", async (method, target) => {
    const answer = await ask(method, target, ["Content-Length: 0"]);
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: "NOT_FOUND" }] });
    expect(valuesOf(answer, "content-type")).toEqual(["application/json"]);
    expect([...gate.take(), ...registry.take()]).toEqual([]);
  });

  describe("the catalogue", () => {
    test.each(["/v2/_catalog", "/v2/%5Fcatalog", "//v2//_catalog"])(
      "%s is answered by Dockwarden, with paging and a challenge of its own",
      async (path) => {
        gate.answer(() => ({
          status: 200,
          headers: { Link: '</v2/_catalog?last=b&n=2>; rel="next"' },
          body: '{"repositories":["a","b"]}',
        }));
        const answer = await ask("GET", `${path}?n=2&last=a%2Fb`, ["Authorization: Bearer one"]);
        expect(answer).toMatchObject({ status: 200, body: '{"repositories":["a","b"]}' });
        expect(valuesOf(answer, "link")).toEqual(['</v2/_catalog?last=b&n=2>; rel="next"']);
        expect(gate.take()).toMatchObject([
          { target: "/v2/_catalog?n=2&last=a%2Fb", headers: { authorization: "Bearer one" } },
        ]);
        gate.answer(() => ({ status: 401, headers: { "WWW-Authenticate": CHALLENGE } }));
        expect(valuesOf(await ask("GET", path), "www-authenticate")).toEqual([
          CHALLENGE.replace("https://elsewhere.example.com/token", `${door.url}/token`),
        ]);
        expect(registry.take()).toEqual([]);
      },
    );

    test("is the registry's own, asked of the gate as all of it, where only admins may list it", async () => {
      await door.stop();
      door = await openDoor({ DOOR_CATALOG: "admin" });
      await ask("GET", "/v2/_catalog?n=2");
      expect(gate.take()).toMatchObject([{ target: "/authz" }]);
      expect(registry.take()).toMatchObject([{ target: "/v2/_catalog?n=2" }]);
    });
  });
});

const valuesOf = (answer: RawAnswer, name: string): readonly string[] =>
  answer.headers.filter(([header]) => header === name).map(([, value]) => value);

function parseAnswer(text: string): RawAnswer {
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { status: Number(first.split(" ")[1]), headers, body: text.slice(end + 4) };
}
