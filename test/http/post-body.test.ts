// Bodies as bytes on the wire: too long, in chunks, broken off, too slow. The real server listens.
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import type { Server } from "node:http";
import { connect, type Socket } from "node:net";
import { createHttpServer } from "../../src/http/server.js";
import { drain, listen } from "../../src/http/listening.js";
import { fakeServer, type FakeServer } from "../support/fake-http.js";
import { waitUntil } from "../support/poll.js";

const FORM = "Content-Type: application/x-www-form-urlencoded\r\n";
const HEAD = `POST /token HTTP/1.1\r\nHost: x\r\n${FORM}`;
const BODY = "grant_type=password&username=alice&password=pw-alice&service=reg";
const CLOSE = "Connection: close\r\n";

let server: FakeServer;
let http: Server;
let port: number;
let sockets: Socket[];
beforeEach(async () => {
  server = fakeServer();
  serve();
  sockets = [];
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await drain(http, 0);
});

function serve(limits: Parameters<typeof createHttpServer>[2] = {}): void {
  http = createHttpServer(server.context, { isPublic: true, isInternal: true }, limits);
}

/** `allowHalfOpen`: the client goes on sending after the server has ended. */
async function open(allowHalfOpen = false): Promise<Socket> {
  if (!http.listening) port = await listen(http, "127.0.0.1", 0);
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen });
  sockets.push(socket);
  return socket;
}

/** What comes back until the server closes. */
async function everything(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined);
    socket.on("close", () => {
      resolve(text);
    });
  });
}

async function raw(bytes: string): Promise<string> {
  const socket = await open();
  const answer = everything(socket);
  socket.write(bytes, "latin1");
  return answer;
}

const sized = (body: string, more = CLOSE) =>
  `${HEAD}${more}Content-Length: ${body.length}\r\n\r\n${body}`;
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`;
const filled = (length: number) => `${BODY}&x=${"y".repeat(length - BODY.length - 3)}`;
const lastLine = () => server.log.at(-1);

describe("bodies on the wire", () => {
  test("A19: 16 KB are read, and one byte more is 413", async () => {
    expect(await raw(sized(filled(16_384)))).toMatch(/^HTTP\/1.1 200 /);
    const answer = await raw(sized(filled(16_385), ""));
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    expect(answer).toMatch(/connection: close/i);
    expect(answer).toContain("no-store");
    expect(lastLine()).toMatchObject({ evt: "token.refuse", reason: "body_too_long" });
    expect(server.signed).toHaveLength(1);
  });

  test("A19: what is announced as far too long is 413 before any of it comes", async () => {
    const answer = await raw(`${HEAD}Content-Length: 100000000\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
  });

  test("A19: chunks are counted, and a stream without end is cut off", async () => {
    const head = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
    expect(await raw(`${head}${chunk("y".repeat(10_000)).repeat(2)}0\r\n\r\n`)).toMatch(
      /^HTTP\/1.1 413 /,
    );
    const socket = await open();
    const answer = everything(socket);
    const feed = (): void => {
      while (!socket.destroyed && socket.write(chunk("y".repeat(1000))));
    };
    socket.write(head);
    socket.on("drain", feed);
    feed();
    await answer;
    expect(socket.bytesWritten).toBeLessThan(20_000_000);
    expect(lastLine()).toMatchObject({ reason: "body_too_long" });
    expect(server.signed).toEqual([]);
  });

  test("a good body in chunks, a byte each, is read", async () => {
    const chunks = Array.from(BODY, chunk).join("");
    const answer = await raw(`${HEAD}${CLOSE}Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
  });

  test("A09: a compressed transfer is refused", async () => {
    const answer = await raw(
      `${HEAD}${CLOSE}Transfer-Encoding: gzip, chunked\r\n\r\n${chunk(BODY)}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 415 /);
  });

  test("A07, A12: two media types and two Authorization headers are refused", async () => {
    expect(await raw(sized(BODY, `${CLOSE}${FORM}`))).toMatch(/^HTTP\/1.1 415 /);
    const basic = "Authorization: Basic Og==\r\n";
    expect(await raw(sized(BODY, `${CLOSE}${basic}${basic}`))).toMatch(/^HTTP\/1.1 400 /);
    expect(server.signed).toEqual([]);
  });

  test("A16: a length and chunks, or two lengths, are 400", async () => {
    const both = await raw(sized(BODY, `${CLOSE}Transfer-Encoding: chunked\r\n`));
    expect(both).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(sized(BODY, `${CLOSE}Content-Length: 1\r\n`))).toMatch(/^HTTP\/1.1 400 /);
    expect(server.log).toEqual([]);
  });

  test("A17: TRACE is refused", async () => {
    const answer = await raw(`TRACE /token HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 405 /);
    expect(answer).toMatch(/allow: GET, POST/i);
  });

  test("a refused body leaves the connection to the next request", async () => {
    const json = `${HEAD.replace("x-www-form-urlencoded", "json")}Content-Length: 2\r\n\r\n{}`;
    const answer = await raw(`${json}${sized(BODY)}`);
    expect(answer.match(/HTTP\/1.1 \d\d\d/g)).toEqual(["HTTP/1.1 415", "HTTP/1.1 200"]);
  });

  test("a body that breaks off is one line in the log, and the next request is served", async () => {
    const socket = await open();
    socket.write(`${HEAD}Content-Length: 1000\r\n\r\n${BODY}`);
    const arrived = new Promise((resolve) => http.once("request", resolve));
    await arrived;
    socket.destroy();
    await waitUntil("the line in the log", async () => server.log.length > 0);
    expect(server.log).toEqual([
      expect.objectContaining({ evt: "token.refuse", reason: "aborted", ip: "127.0.0.1" }),
    ]);
    expect(server.hashes.count).toBe(0);
    expect(await raw(sized(BODY))).toMatch(/^HTTP\/1.1 200 /);
  });

  test("a body that takes too long is ended by the server, for good", async () => {
    serve({ headersTimeout: 100, requestTimeout: 100, connectionsCheckingInterval: 50 });
    const socket = await open(true);
    const answer = everything(socket);
    socket.write(`${HEAD}Content-Length: 1000\r\n\r\n${BODY}`);
    // Never an end, always another byte.
    const drip = setInterval(() => socket.write("y"), 20);
    try {
      expect(await answer).toMatch(/^HTTP\/1.1 408 /);
    } finally {
      clearInterval(drip);
    }
    await waitUntil("the line in the log", async () => server.log.length > 0);
    expect(server.log.map(({ reason }) => reason)).toEqual(["aborted"]);
  });
});
