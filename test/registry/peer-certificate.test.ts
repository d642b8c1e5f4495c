// A peer with a certificate of its own: accepted where it is given, refused with the way out where it isn't.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openExchange } from "../../src/registry/exchange.js";
import { openPeer } from "../../src/registry/peer-tokens.js";
import type { PeerAnswer } from "../../src/domain/shadow.js";
import { fakeToken, sendToken } from "../support/fake-peer.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let server: Server;
let certificate: string;

beforeAll(async () => {
  workspace = await openWorkspace();
  const [key, cert] = ["key.pem", "cert.pem"].map((name) => join(workspace.folder, name));
  if (key === undefined || cert === undefined) throw new Error("two names");
  const words =
    "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=peer -addext subjectAltName=DNS:localhost";
  execFileSync("openssl", [...words.split(" "), "-keyout", key, "-out", cert], { stdio: "ignore" });
  certificate = readFileSync(cert, "latin1");
  server = createServer({ key: readFileSync(key), cert: certificate }, (_request, response) => {
    sendToken(response, fakeToken(["repository:a:pull"]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await workspace.close();
});

async function ask(scheme: string, trusted: string | null): Promise<PeerAnswer> {
  const exchange = openExchange(5000, trusted);
  const url = new URL(`${scheme}://localhost:${(server.address() as AddressInfo).port}/auth`);
  const wait = async (): Promise<void> => undefined;
  const peer = openPeer({ exchange, url, perSecond: 1000, wait, now: () => 0 });
  const answer = await peer({ service: "registry", scope: null, credential: null });
  exchange.close();
  return answer;
}

test("is accepted where its certificate is given", async () => {
  expect(await ask("https", certificate)).toEqual({
    kind: "access",
    access: [{ type: "repository", name: "a", actions: ["pull"] }],
  });
});

test("is refused where it isn't, and the option is named", async () => {
  const answer = await ask("https", null);
  expect(answer.kind === "failed" && answer.why).toContain("--cacert FILE");
});

test("that is asked by plain HTTP is told from one that is down", async () => {
  const answer = await ask("http", null);
  expect(answer.kind === "failed" && answer.why).toMatch(/exchange http:|look whether it runs/);
});
