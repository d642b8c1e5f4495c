// Guessing over HTTP: 429 with Retry-After, one bucket a network whatever headers say, and nothing that tells names apart.
import { beforeEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { fakeServer, type FakeServer } from "../support/fake-http.js";

let server: FakeServer;
beforeEach(() => {
  server = fakeServer();
});

type Headers = Readonly<Record<string, string>>;

const ask = (name: string, password: string, headers: Headers = {}) =>
  request(server.listener).get("/token?service=reg").auth(name, password).set(headers);
/** From behind a trusted proxy. */
const from = (address: string): Headers => ({ "X-Forwarded-For": address });

async function guess(name: string, count: number, headers: Headers = {}): Promise<number[]> {
  const statuses: number[] = [];
  for (let at = 0; at < count; at += 1) {
    statuses.push((await ask(name, `guess-${at}`, headers)).status);
  }
  return statuses;
}

/** Thirty distinct failures within a minute, each with its own headers. */
async function fillNetwork(headersOf: (at: number) => Headers): Promise<void> {
  for (let at = 0; at < 30; at += 1) await ask(`user${at}`, "Summer2026!", headersOf(at));
}

describe("the eleventh distinct wrong password", () => {
  test("B12: is 429 with Retry-After and a message that clients show, the same for a name that nobody has", async () => {
    const answers = [];
    for (const name of ["alice", "nobody"]) {
      server = fakeServer();
      expect(await guess(name, 10)).toEqual(new Array(10).fill(401));
      const response = await ask(name, "guess-11");
      const { status, headers } = response;
      const body: unknown = response.body;
      answers.push({
        status,
        body,
        names: Object.keys(headers),
        headers: headers as unknown,
      });
      expect(server.log.at(-1)).toMatchObject({ evt: "token.refuse", user: name });
    }
    expect(answers[0]).toMatchObject({
      status: 429,
      headers: { "retry-after": "60" },
      body: {
        error: "temporarily_unavailable",
        errors: [
          { code: "TOOMANYREQUESTS", message: expect.stringContaining("try again in 60 seconds") },
        ],
      },
    });
    const [one, other] = answers.map(({ status, body, names }) => ({ status, body, names }));
    expect(other).toEqual(one);
  });

  test("B12: the right one is 429 too, and 200 after the lock", async () => {
    await guess("alice", 10);
    expect((await ask("alice", "pw-alice")).status).toBe(429);
    server.guard.steady.seconds += 60;
    expect((await ask("alice", "pw-alice")).status).toBe(200);
  });

  test("B12: the right one passes from where it signed in before, while others guess", async () => {
    server = fakeServer(["127.0.0.1"]);
    expect((await ask("alice", "pw-alice", from("203.0.113.3"))).status).toBe(200);
    await guess("alice", 10, from("198.51.100.7"));
    expect((await ask("alice", "pw-alice", from("198.51.100.7"))).status).toBe(429);
    expect((await ask("alice", "pw-alice", from("203.0.113.3"))).status).toBe(200);
  });

  test("B15: anonymous requests of a network that is locked are served as before", async () => {
    await fillNetwork(() => ({}));
    expect((await ask("bob", "pw-bob")).status).toBe(429);
    expect((await request(server.listener).get("/token?service=reg")).status).toBe(200);
  });
});

describe("one bucket", () => {
  test.each(["X-Forwarded-For", "Forwarded", "X-Real-IP"])(
    "B16: whatever %s says where no proxy is trusted",
    async (header) => {
      await fillNetwork((at) => ({ [header]: `192.0.2.${at}` }));
      expect((await ask("bob", "pw-bob", { [header]: "203.0.113.3" })).status).toBe(429);
      expect(new Set(server.log.map(({ ip }) => ip))).toEqual(new Set(["127.0.0.1"]));
    },
  );

  test("B17: whatever stands left of the client's address behind a trusted proxy", async () => {
    server = fakeServer(["127.0.0.1"]);
    await fillNetwork((at) => from(`9.9.9.${at}, 192.0.2.1`));
    expect((await ask("bob", "pw-bob", from("1.1.1.1, 192.0.2.1"))).status).toBe(429);
    expect((await ask("bob", "pw-bob", from("192.0.2.1, 192.0.2.2"))).status).toBe(200);
  });

  test.each([
    ["an IPv4 address in IPv6 form", () => "::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"],
    [
      "the addresses of an IPv6 /64",
      (at: number) => `2001:db8:1:2:${at.toString(16)}::${(at * 7).toString(16)}`,
      "2001:0db8:1:2::ffff",
      "2001:db8:1:3::1",
    ],
  ])("B18: %s", async (_what, addressOf, same, other) => {
    server = fakeServer(["127.0.0.1"]);
    await fillNetwork((at) => from(addressOf(at)));
    expect((await ask("bob", "pw-bob", from(same))).status).toBe(429);
    expect((await ask("bob", "pw-bob", from(other))).status).toBe(200);
  });
});

test("B22: a name that forges a log line is one failure of its network, and stays out of the log", async () => {
  const name = 'x","evt":"token.issue\n{"evt":"x"}\u2028\u001b]0;';
  expect((await ask(name, "wrong")).status).toBe(401);
  expect(server.log.at(-1)).toMatchObject({ evt: "auth.fail", user: null });
  expect(JSON.stringify(server.log)).not.toContain("token.issue");
  expect(server.guard.asked.at(-1)).toBe("fail none");
});

test("B02, B12: the same reads and hashes for unknown, wrong and disabled, one by one", async () => {
  const costs: unknown[] = [];
  for (const [name, password] of [
    ["nobody", "pw-nobody"],
    ["alice", "wrong"],
    ["carol", "pw-carol"],
    ["expired", "pw-expired"],
  ] as const) {
    server = fakeServer();
    await ask(name, password);
    const asked = server.guard.asked.map((call) => call.split(" ")[0]);
    costs.push({ asked, hashes: server.hashes.count });
  }
  expect(costs).toEqual(new Array(4).fill({ asked: ["look", "look", "fail"], hashes: 1 }));
});
