// The doctor's only way out follows nobody, takes no more than it wants, and says why nothing came.
import { createServer, type RequestListener, type Server } from "node:http";
import { afterAll, describe, expect, test } from "@jest/globals";
import { httpGet } from "../../src/doctor/http-get.js";

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(listener: RequestListener): Promise<URL> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return new URL(`http://127.0.0.1:${port}/v2/`);
}

describe("one GET", () => {
  test("does not follow a redirect, wherever it leads", async () => {
    const asked: string[] = [];
    const elsewhere = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.end();
    });
    const url = await serve((_request, response) => {
      response.writeHead(307, { Location: elsewhere.href }).end();
    });
    expect(await httpGet(url)).toMatchObject({ ok: true, status: 307 });
    expect(asked).toEqual([]);
  });

  test("sends nothing but what it was given", async () => {
    let names: readonly string[] = [];
    const url = await serve((request, response) => {
      names = Object.keys(request.headers);
      response.end();
    });
    await httpGet(url, { headers: { Authorization: "Bearer x" } });
    expect([...names].sort()).toEqual(["authorization", "connection", "host"]);
  });

  test("cuts an answer that does not end", async () => {
    const url = await serve((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    });
    const answer = await httpGet(url);
    expect(answer.ok && answer.body.length).toBe(262_144);
  });

  test("tells how far the other side's clock is off, as its Date says", async () => {
    const url = await serve((_request, response) => {
      response.setHeader("Date", new Date(Date.now() - 600_000).toUTCString());
      response.end();
    });
    const answer = await httpGet(url);
    const skew = answer.ok ? (answer.skewSeconds ?? 0) : 0;
    expect(Math.abs(skew + 600)).toBeLessThan(60);
  });

  test("answers why nothing came", async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await httpGet(url)).toEqual({ ok: false, code: "ECONNRESET" });
    expect(await httpGet(new URL("http://127.0.0.1:1/"))).toEqual({
      ok: false,
      code: "ECONNREFUSED",
    });
  });
});
