// POST /events on the real listener: who may report, what is taken, and that a registry is never made to repeat for ever.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { createServer, request, type Server } from "node:http";
import type { RegistryEvent } from "../../src/domain/ledger.js";
import { Secret } from "../../src/domain/secret.js";
import { createEventsEndpoint, EVENTS_BODY_MAX_BYTES } from "../../src/http/events-endpoint.js";
import { drain, listen } from "../../src/http/listening.js";
import { createHttpServer, createListener, type ListenerRole } from "../../src/http/server.js";
import { fakeServer, fixture, type FakeServer } from "../support/fake-http.js";
import { digestOf, IMAGE_TYPE } from "../support/ledger-site.js";

const SECRET = "a-secret-of-the-registry";
const BEARER = { Authorization: `Bearer ${SECRET}` };
const BOTH: ListenerRole = { isPublic: true, isInternal: true };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

describe("POST /events", () => {
  let fake: FakeServer;
  let http: Server;
  let received: RegistryEvent[];
  let dropped: string[];

  beforeEach(() => {
    fake = fakeServer();
    [received, dropped] = [[], []];
    http = createHttpServer(contextOf(fake), BOTH);
  });
  afterEach(async () => {
    await drain(http, 0);
  });

  function contextOf({ context }: FakeServer): FakeServer["context"] {
    const events = createEventsEndpoint({
      secret: new Secret(SECRET),
      services: ["reg", "other"],
      ledger: {
        receive: async (list) => void received.push(...list),
        dropped: (service) => void dropped.push(service),
      },
      headers: context.token.headers,
      clock: context.token.tokens.clock,
      log: context.token.log,
    });
    return { ...context, events };
  }

  const body = (change: object = {}): string =>
    JSON.stringify({
      events: [
        {
          id: "one",
          timestamp: "2026-11-21T18:52:46Z",
          action: "push",
          target: {
            mediaType: IMAGE_TYPE,
            digest: digestOf("a"),
            repository: "team/app",
            tag: "v1",
          },
          actor: { name: "alice" },
          ...change,
        },
      ],
    });

  async function send(
    headers: Readonly<Record<string, string | string[]>> = BEARER,
    bytes: string | Buffer = body(),
    { path = "/events", method = "POST" } = {},
  ): Promise<Answer> {
    if (!http.listening) await listen(http, "127.0.0.1", 0);
    const { port } = http.address() as { readonly port: number };
    return new Promise((resolve, reject) => {
      const sent = request({ port, host: "127.0.0.1", path, method, headers }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => (text += chunk.toString()));
        response.on("end", () => {
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        });
      });
      sent.on("error", reject);
      sent.end(bytes);
    });
  }
  const logged = (evt: string) => fake.log.filter((line) => line.evt === evt);

  test.each([
    "application/vnd.docker.distribution.events.v1+json",
    "application/vnd.docker.distribution.events.v2+json",
    "application/json",
    "text/plain",
  ])("takes %s", async (type) => {
    const answer = await send({ ...BEARER, "Content-Type": type });
    expect(answer).toMatchObject({ status: 200, text: "{}" });
    expect(answer.headers).toMatchObject({ "cache-control": "no-store" });
    expect(received).toMatchObject([{ id: "one", act: { kind: "push", service: "reg" } }]);
    expect(dropped).toEqual([]);
  });

  test.each([
    ["none", {}],
    ["a wrong one", { Authorization: "Bearer wrong" }],
    ["an empty one", { Authorization: "Bearer " }],
    ["only its beginning", { Authorization: `Bearer ${SECRET.slice(0, -1)}` }],
    ["more than it", { Authorization: `Bearer ${SECRET}x` }],
    ["another scheme", { Authorization: `Basic ${Buffer.from(`x:${SECRET}`).toString("base64")}` }],
    ["two headers", { Authorization: [BEARER.Authorization, BEARER.Authorization] }],
  ])("G01: with %s for a secret the answer is 401, and nothing is read", async (_what, headers) => {
    const answer = await send(headers, "no JSON");
    expect(answer.status).toBe(401);
    expect(answer.headers["www-authenticate"]).toBe("Bearer");
    expect([received, dropped]).toEqual([[], []]);
    expect(answer.text).not.toContain(SECRET);
  });

  test("G01: the answer comes before the body does", async () => {
    await listen(http, "127.0.0.1", 0);
    const { port } = http.address() as { readonly port: number };
    const status = await new Promise((resolve, reject) => {
      const headers = { Authorization: "Bearer wrong", "Content-Length": 1000 };
      const sent = request({ port, method: "POST", path: "/events", headers }, (response) => {
        resolve(response.statusCode);
        sent.destroy();
      });
      sent.on("error", reject);
      sent.flushHeaders();
    });
    expect(status).toBe(401);
  });

  test("a wrong secret is logged once a minute, and never shown", async () => {
    for (const ahead of [0, 1, 59, 60]) {
      fake.clock.ahead = ahead;
      await send({ Authorization: "Bearer guess" });
    }
    expect(logged("events.refuse")).toHaveLength(2);
    expect(JSON.stringify(fake.log)).not.toMatch(/guess|a-secret/);
  });

  test("the scheme may be written in any case", async () => {
    expect((await send({ Authorization: `bearer ${SECRET}` })).status).toBe(200);
    expect(received).toHaveLength(1);
  });

  test.each([
    ["10 MB", Buffer.alloc(10_000_000, " "), {}],
    ["a byte too much", Buffer.alloc(EVENTS_BODY_MAX_BYTES + 1, " "), {}],
    ["10 MB in chunks", Buffer.alloc(10_000_000, " "), { "Transfer-Encoding": "chunked" }],
    ["a compressed body", body(), { "Content-Encoding": "gzip" }],
    ["100,000 levels", "[".repeat(100_000) + "]".repeat(100_000), {}],
    ["100,000 levels without an end", '{"events":'.repeat(100_000), {}],
    [
      "50,000 keys like numbers",
      `{${Array.from({ length: 50_000 }, (_, at) => `"${at * 65_536}":0`).join(",")}}`,
      {},
    ],
    ["no JSON", "events", {}],
    ["nothing", "", {}],
    ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00]), {}],
  ])("G02: %s is dropped with 200, logged, and the ledger knows", async (_what, bytes, headers) => {
    const answer = await send({ ...BEARER, ...headers }, bytes);
    expect(answer).toMatchObject({ status: 200, text: "{}" });
    expect([received, dropped]).toEqual([[], ["reg"]]);
    expect(logged("events.drop")).toHaveLength(1);
    expect((await send()).status).toBe(200);
    expect(received).toHaveLength(1);
  });

  test.each([
    ["an unknown action", body({ action: "explode" })],
    ["no events", '{"events":[]}'],
    ["a layer", body({ target: { mediaType: "application/octet-stream" } })],
  ])("G04: %s is ignored with 200", async (_what, bytes) => {
    expect((await send(BEARER, bytes)).status).toBe(200);
    expect([received, dropped]).toEqual([[], []]);
  });

  test("G04: extra members and a missing actor are no reason not to take an event", async () => {
    await send(BEARER, body({ actor: undefined, more: { deep: {} } }));
    expect(received).toMatchObject([{ act: { actor: "" } }]);
  });

  test("G06: names that are none are dropped in one line, which says nothing of them", async () => {
    const target = {
      mediaType: IMAGE_TYPE,
      digest: digestOf("a"),
      repository: "../../etc\r\n\u001b[31m",
    };
    expect((await send(BEARER, body({ target }))).status).toBe(200);
    expect([received, dropped]).toEqual([[], ["reg"]]);
    expect(logged("events.drop")).toEqual([
      { evt: "events.drop", reason: "broken_event", service: "reg" },
    ]);
  });

  test("?service= says which registry reports; one that we don't know is answered 200 and logged", async () => {
    await send(BEARER, body(), { path: "/events?service=other" });
    expect(received).toMatchObject([{ act: { service: "other" } }]);
    const unknown = "/events?service=no%0Abody";
    expect((await send(BEARER, body(), { path: unknown })).status).toBe(200);
    expect(received).toHaveLength(1);
    expect(logged("events.drop")).toEqual([
      { evt: "events.drop", reason: "unknown_service", service: "no?body" },
    ]);
  });

  test("other methods are refused, and without a secret there is no such page", async () => {
    const answer = await send(BEARER, "", { method: "GET" });
    expect(answer).toMatchObject({ status: 405, headers: { allow: "POST" } });
    const bare = createServer(createListener(fake.context, BOTH));
    await drain(http, 0);
    http = bare;
    expect((await send()).status).toBe(404);
  });

  test("the public listener has no such page where machines have their own", async () => {
    await drain(http, 0);
    http = createHttpServer(contextOf(fake), { isPublic: true, isInternal: false });
    expect((await send()).status).toBe(404);
    expect(received).toEqual([]);
  });

  test("G07: the registry's secret opens no token, and a personal token no events", async () => {
    const secret = fake.credentials.give("token", fixture("alice"));
    expect((await send({ Authorization: `Bearer ${secret}` })).status).toBe(401);
    for (const name of ["alice", "", "dockwarden"]) {
      const basic = `Basic ${Buffer.from(`${name}:${SECRET}`).toString("base64")}`;
      const answer = await send({ Authorization: basic }, "", {
        path: "/token?service=reg",
        method: "GET",
      });
      expect([answer.status, fake.signed.length]).toEqual([401, 0]);
    }
    const bearer = await send(BEARER, "", { path: "/token?service=reg", method: "GET" });
    expect([bearer.status, fake.signed.length]).toEqual([401, 0]);
  });
});
