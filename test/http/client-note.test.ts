// How the server tells the doctor whom it takes for the client; nobody else is told anything.
import { createServer, get, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "@jest/globals";
import { parseTrustedProxies } from "../../src/http/client-address.js";
import { noteClient, noteInstallation } from "../../src/http/client-note.js";

/** The answer's headers to a request with these. */
async function askAll(
  headers: Readonly<Record<string, string>>,
  trusted: readonly string[] = [],
): Promise<IncomingHttpHeaders> {
  const server = createServer((request, response) => {
    noteClient(request, response, parseTrustedProxies(trusted));
    noteInstallation(request, response, "settings=a; store=b");
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const answered = await new Promise<IncomingHttpHeaders>((resolve) => {
    get({ port, host: "127.0.0.1", headers, agent: false }, (response) => {
      response.resume();
      resolve(response.headers);
    });
  });
  server.close();
  return answered;
}

/** The note that a request with these headers is answered with, the port of the peer as PORT. */
async function ask(
  headers: Readonly<Record<string, string>>,
  trusted: readonly string[] = [],
): Promise<string | undefined> {
  const answered = await askAll(headers, trusted);
  const note = answered["dockwarden-client"];
  return typeof note === "string" ? note.replace(/:\d+;/, ":PORT;") : undefined;
}

test("who doesn't ask isn't told", async () => {
  expect(await ask({})).toBeUndefined();
});

test("B16: who asks is told of itself; a stranger's X-Forwarded-For is not believed", async () => {
  const asking = { "Dockwarden-Doctor": "1", "X-Forwarded-For": "192.0.2.7" };
  expect(await ask({ "Dockwarden-Doctor": "1" })).toBe(
    "client=127.0.0.1; peer=127.0.0.1:PORT; forwarded=no; last=-",
  );
  expect(await ask(asking)).toBe(
    "client=127.0.0.1; peer=127.0.0.1:PORT; forwarded=yes; last=192.0.2.7",
  );
  expect(await ask(asking, ["127.0.0.1"])).toBe(
    "client=192.0.2.7; peer=127.0.0.1:PORT; forwarded=yes; last=192.0.2.7",
  );
  const appended = { ...asking, "X-Forwarded-For": "192.0.2.7, 127.0.0.1" };
  expect(await ask(appended, ["127.0.0.1"])).toBe(
    "client=192.0.2.7; peer=127.0.0.1:PORT; forwarded=yes; last=127.0.0.1",
  );
});

test("nothing that a client wrote gets into the answer but an address", async () => {
  const asking = { "Dockwarden-Doctor": "x; client=evil", "X-Forwarded-For": "a; peer=b" };
  expect(await ask(asking, ["127.0.0.1"])).toBe(
    "client=127.0.0.1; peer=127.0.0.1:PORT; forwarded=yes; last=-",
  );
});

test("what the server works with is told to its own machine alone, and only when asked", async () => {
  const note = async (headers: Readonly<Record<string, string>>) =>
    (await askAll(headers))["dockwarden-installation"];
  expect(await note({ "Dockwarden-Doctor": "1" })).toBe("settings=a; store=b");
  expect(await note({})).toBeUndefined();
  expect(await note({ "Dockwarden-Doctor": "1", "X-Forwarded-For": "192.0.2.1" })).toBeUndefined();
  expect(await note({ "Dockwarden-Doctor": "1", Forwarded: "for=192.0.2.1" })).toBeUndefined();
});
