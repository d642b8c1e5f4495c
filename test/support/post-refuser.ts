// A proxy in front of the token server that knows no POST, as older token servers do.
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestServer } from "./spawn-server.js";
import type { Workspace } from "./workspace.js";

export interface PostRefuser {
  readonly url: string;
  /** What was asked, in order: `POST 405`, `GET 200`. */
  readonly asked: readonly string[];
}

/** Answers every POST with this status, and hands everything else on; `workspace.close()` ends it. */
export async function refusePosts(
  server: TestServer,
  workspace: Workspace,
  status: number,
): Promise<PostRefuser> {
  const asked: string[] = [];
  const proxy = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    if (method === "POST") {
      asked.push(`POST ${status}`);
      incoming.resume();
      outgoing.writeHead(status).end();
      return;
    }
    const onward = request(
      { host: "127.0.0.1", port: server.port, method, path: url, headers },
      (answer) => {
        asked.push(`${method ?? ""} ${answer.statusCode ?? 0}`);
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  workspace.onClose(
    () =>
      new Promise((resolve) => {
        proxy.close(resolve);
        proxy.closeAllConnections();
      }),
  );
  const { port } = proxy.address() as AddressInfo;
  return { url: `http://localhost:${port}`, asked };
}
