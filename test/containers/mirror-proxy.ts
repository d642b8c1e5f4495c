// A proxy as companies have them: the only way out for builds on the server's machine.
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Workspace } from "../support/workspace.js";

/** Starts it on `address` and answers its URL; `workspace.close()` stops it. */
export async function startMirrorProxy(workspace: Workspace, address: string): Promise<string> {
  const server = createServer(forward);
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  server.on("connect", (message: IncomingMessage, client: Socket, head: Buffer) => {
    const { hostname, port } = new URL(`http://${message.url ?? ""}`);
    const upstream = connect(Number(port === "" ? "80" : port), hostname, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("error", () => upstream.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, address, resolve);
  });
  workspace.onClose(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://${address}:${(server.address() as AddressInfo).port}`;
}

/** Plain HTTP, for mirrors that have no TLS. */
function forward(message: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = message;
  const upstream = request(message.url ?? "", { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  upstream.on("error", () => answer.destroy());
  message.pipe(upstream);
}
