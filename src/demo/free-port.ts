// Ports for servers of the demo.
import { createServer, type AddressInfo, type Server } from "node:net";

/** Two TCP ports of the loopback address that nobody listens on at this moment. */
export async function findFreePorts(): Promise<readonly [number, number]> {
  const servers = [createServer(), createServer()] as const;
  try {
    // Both are held until both are known: freed at once, the first could be found again.
    return [await listen(servers[0]), await listen(servers[1])];
  } finally {
    for (const server of servers) server.close();
  }
}

/** The port; rejects where there is none to be had. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      resolve((server.address() as AddressInfo).port);
    });
  });
}
