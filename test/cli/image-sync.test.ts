// `image sync` against something that is no registry, and against one of which many repositories can't be read.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "@jest/globals";
import { openCliSite, type CliSite } from "../support/cli-site.js";

let site: CliSite | null = null;
let server: Server | null = null;

afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  await site?.close();
});

async function open(listener: RequestListener): Promise<CliSite> {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const { port } = started.address() as AddressInfo;
  site = await openCliSite(`registry: { urls: ["http://127.0.0.1:${port}"] }\n`);
  return site;
}

test.each([
  [404, "answered 404 to"],
  [200, "sent no"],
])("a web server that answers %d to everything ends it at once", async (status, words) => {
  const asked: string[] = [];
  const opened = await open((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(status, { "content-type": "text/html" }).end("<html>welcome</html>");
  });
  for (const names of [[], ["a", "b", "c"]]) {
    const { code, stdout, stderr } = await opened.run(["image", "sync", ...names]);
    expect(code).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toContain(words);
    expect(stderr).toContain("see whether registry.urls names");
  }
  expect(asked).toHaveLength(2);
});

test("at most ten repositories that can't be read are named, and JSON has all", async () => {
  const names = Array.from({ length: 13 }, (_, at) => `app${String(at).padStart(2, "0")}`);
  const opened = await open((request, response) => {
    const url = request.url ?? "";
    if (!url.startsWith("/v2/_catalog")) response.writeHead(500).end();
    else {
      const repositories = url.includes("last=") ? [] : names;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ repositories }));
    }
  });
  const { code, stdout, stderr } = await opened.run(["image", "sync"]);
  expect(code).toBe(3);
  expect(stdout.match(/could not be read/g)).toHaveLength(10);
  expect(stdout).toContain("  app09 could not be read");
  expect(stdout).toContain("\n  and 3 more\n");
  expect(stderr).toContain("13 repositories could not be read and stay as they were");
  const json = await opened.run(["image", "sync", "--json"]);
  const [{ unread }] = JSON.parse(json.stdout) as [{ unread: unknown[] }];
  expect(unread).toHaveLength(13);
});
